"""A plan against what a run took, job by job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rs3l_data.errors import InputFileError
from rs3l_data.plan.jobs import Job
from rs3l_data.plan.spent import Spent, read_spent
from rs3l_data.report.benchmarks import read_job


@dataclass(frozen=True, slots=True)
class Done:
    """A job that is done."""

    job: Job
    wall_s: float
    """By Snakemake's clock"""
    ended: float
    """Seconds since the epoch"""
    spent: Spent | None
    """What the job itself says; None for a log that says nothing"""


def jobs_done(jobs: Sequence[Job], results: Path) -> list[Done]:
    """Find which jobs of a plan a run has done, and what they took.

    Raises
    ------
    InputFileError
        If the folder has no benchmark files of these jobs, or one that is not Snakemake's.
    """
    folder = results / "benchmarks"
    found = []
    for job in jobs:
        path = folder / f"{job.path}.tsv"
        if path.is_file():
            wall_s, ended = read_job(path, folder).seconds, path.stat().st_mtime
            found.append(Done(job, wall_s, ended, read_spent(results / "logs" / f"{job.path}.log")))
    if not found:
        raise InputFileError(
            f"{folder}: no benchmark files of this config's jobs; expected the folder of a run of "
            "it, results/<name>"
        )
    return found


def compare(done: Sequence[Done], plan: dict[str, Any], idle_s: float) -> dict[str, Any]:
    """Compare the jobs that are done with what was planned for them.

    Parameters
    ----------
    plan
        As `summarise` makes it.
    idle_s
        What each job was planned to take by the clock beside its CPU time [s].
    """
    groups: dict[tuple[str, str, str], list[Done]] = {}
    for one in done:
        groups.setdefault((one.job.stage, one.job.process, one.job.name), []).append(one)
    planned_jobs = {(s["step"], s["process"], s["view"]): s["jobs"] for s in plan["steps"]}
    began = min(one.ended - one.wall_s for one in done)
    wall_s = max(one.ended for one in done) - began
    complete = len(done) == plan["jobs"]
    return {
        "steps": [
            {
                "step": key[0],
                "process": key[1],
                "view": key[2],
                "jobs": planned_jobs[key],
                "jobs_done": len(group),
                **_sums(group, idle_s),
            }
            for key, group in groups.items()
        ],
        "total": _sums(done, idle_s),
        "cores": plan["cores"],
        "planned_wall_s": plan["wall_s"],
        # A run that is not complete cannot be compared as a whole.
        "wall_s": wall_s if complete else None,
        "wall_ratio": wall_s / plan["wall_s"] if complete else None,
    }


def _sums(done: Sequence[Done], idle_s: float) -> dict[str, float | None]:
    planned = sum(one.job.cost.cpu_s for one in done)
    wall = sum(one.wall_s for one in done)
    spent = [one.spent for one in done if one.spent is not None]
    known = len(spent) == len(done)
    cpu = sum(one.cpu_s for one in spent) if known else None
    return {
        "planned_s": planned,
        "cpu_s": cpu,
        "ratio": None if cpu is None else cpu / planned,
        "wall_s": wall,
        "wall_ratio": wall / (planned + idle_s * len(done)),
        "planned_mb": max(one.job.cost.memory_mb for one in done),
        "memory_mb": max((one.memory_mb for one in spent), default=None),
    }
