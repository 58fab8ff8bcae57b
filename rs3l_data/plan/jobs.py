"""The jobs of a run, as the workflow would make them, with what each costs."""

from __future__ import annotations

from dataclasses import dataclass

from rs3l_data.describe.cost import Cost
from rs3l_data.describe.references import needs_sample, onepass_chunks
from rs3l_data.describe.resolved import Resolved


@dataclass(frozen=True, slots=True)
class Job:
    """One job."""

    stage: str
    """`hard`, `resimulate`, `pack`, `manifest`, `pileup` or `onepass`, as the rules are called"""
    process: str
    """Empty for `manifest` and `pileup`"""
    name: str
    """The view whose shower it is, or the one-pass sample; empty for the other stages"""
    chunk: str
    cost: Cost
    after: tuple[int, ...]
    """Positions of the jobs in the list that must be done before"""

    @property
    def path(self) -> str:
        """Its log and benchmark file in their folders, without the ending."""
        if not self.process:
            return self.stage
        name = f"-{self.name}" if self.name else ""
        return f"{self.stage}/{self.process}-{self.chunk}{name}"


def jobs_of(run: Resolved, validation: bool = False) -> list[Job]:
    """List the jobs that make a run's dataset, each after those that it needs.

    Parameters
    ----------
    validation
        Whether to list those of `snakemake validation` too.
    """
    jobs: list[Job] = []

    def add(stage: str, process: str, chunk: str, name: str, after: tuple[int, ...]) -> int:
        cost = run.cost(stage, process, chunk, name)
        jobs.append(Job(stage, process, name, chunk, cost, after))
        return len(jobs) - 1

    sampled = {view for view in run.showers if run.needs_sample(view)}
    one_pass = run.references if validation else {}
    with_sample = {name for name, one in one_pass.items() if needs_sample(run.config, one)}
    sample = (add("pileup", "", "0", "", ()),) if sampled or with_sample else ()
    packed = []
    for process, chunk in run.chunks:
        hard = add("hard", process, chunk, "", ())
        views = tuple(
            add("resimulate", process, chunk, view, (hard, *sample) if view in sampled else (hard,))
            for view in run.showers
        )
        packed.append(add("pack", process, chunk, "", (hard, *views)))
    add("manifest", "", "0", "", tuple(packed))
    for name in one_pass:
        for process, chunk in onepass_chunks(run.config):
            add("onepass", process, chunk, name, sample if name in with_sample else ())
    return jobs
