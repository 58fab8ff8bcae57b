"""What the workflow needs to know of a config: its jobs, what each depends on, what it needs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from rs3l_data.describe import external, references, tree
from rs3l_data.describe.branch import branch_settings, has_pileup, pileup_of
from rs3l_data.describe.chunks import events_of, n_chunks, settled, sizes_in
from rs3l_data.describe.config import Config
from rs3l_data.describe.cost import Cost, Costs
from rs3l_data.describe.names import names_of
from rs3l_data.describe.rates import Rates, recorded
from rs3l_data.describe.settings import (
    hard_settings,
    onepass_settings,
    pileup_settings,
    view_settings,
)
from rs3l_data.describe.strict import validate

Stage = Literal["hard", "resimulate", "pack"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A validated config, as the workflow sees it.

    A workflow of a hundred thousand jobs asks each question as often; what does not depend on the
    chunk is answered once.
    """

    config: Config
    rates: Rates = field(default_factory=recorded)
    _answers: dict[tuple[object, ...], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def from_mapping(
        cls, data: Mapping[str, Any], source: str, results: Path | None = None
    ) -> Self:
        """Validate what Snakemake has read and merged.

        Parameters
        ----------
        results
            The folder of all results: what a run of this name has chosen there is kept.

        Raises
        ------
        ConfigError
            With one line for each fault.
        InputFileError
            If the config of an earlier run cannot be read.
        """
        config = validate(Config, data, source)
        saved = None if results is None else results / config.name / "config.yaml"
        return cls(settled(config, {} if saved is None else sizes_in(saved)))

    @property
    def chunks(self) -> list[tuple[str, str]]:
        """All (process, chunk) pairs, the chunk as it stands in file names."""
        return [
            (process, f"{chunk:04d}")
            for process in self.config.processes
            for chunk in range(n_chunks(self.config, process))
        ]

    @property
    def showers(self) -> list[str]:
        """The views that start from the hard event: one job each, for itself and its branch."""
        return tree.roots(self.config.views)

    def needs_sample(self, shower: str) -> bool:
        """Say whether a shower's job needs the sample of minimum-bias events."""
        return self._once(("sample", shower), lambda: has_pileup(self.config, shower))

    def fingerprint_of_sample(self) -> str:
        """Hash the parts of the config that the sample of minimum-bias events depends on."""
        config = self.config
        return _hash([config.seed, pileup_settings(config), config.pileup.sample_events])

    def lhe_files(self, process: str) -> list[str]:
        """List the event files of another program that the hard events of a process come from."""
        patterns = self.config.processes[process].lhe
        return self._once(("lhe", process), lambda: external.lhe_files(patterns))

    def hepmc_files(self, process: str, chunk: int, view: str) -> list[str]:
        """List the event files that a view of a chunk comes from: one, or none if it is ours."""
        pattern = self.config.views[view].hepmc
        return [] if pattern is None else [external.hepmc_file(pattern, process, chunk)]

    def settings_files(self, process: str | None = None, view: str | None = None) -> list[str]:
        """List the files that settings of Pythia name: of all events, a process's and a view's."""
        config = self.config
        settings = [*config.generator.settings]
        if process is not None:
            settings += config.processes[process].settings
        if view is not None:
            settings += branch_settings(config, view)
        return external.settings_files(settings)

    def fingerprint(self, stage: Stage, process: str, chunk: int, view: str | None = None) -> str:
        """Hash the parts of the config that a job's result depends on.

        Snakemake runs a job again when this changes, and only then: more events, another view
        or another training leave the finished jobs alone.
        """
        events = events_of(self.config, process, chunk)
        settings = self.fingerprint_of_all(stage, process, view)
        return _hash([settings, events.start, len(events)])

    def fingerprint_of_all(self, stage: Stage, process: str, view: str | None = None) -> str:
        """Hash what the jobs of all chunks depend on, whichever events each of them has."""
        return self._once((stage, process, view), lambda: _hash(self._parts(stage, process, view)))

    @property
    def references(self) -> dict[str, references.Reference]:
        """The samples of one-pass Pythia that the views are compared with, by their names."""
        return self._once(
            ("references",), lambda: {one.name: one for one in references.references(self.config)}
        )

    def fingerprint_of_onepass(self, process: str, chunk: int, name: str) -> str:
        """Hash the parts of the config that a job of one-pass Pythia depends on."""
        config = self.config
        events = references.onepass_events(config, process, chunk)
        parts: list[Any] = [
            config.seed,
            hard_settings(config, process),
            onepass_settings(config, process, name),
            config.processes[process].model_dump(include={"initiators"}),
            config.hard.model_dump(exclude={"chunk_events"}),
            config.jets.model_dump(),
            [events[0], events[-1]],
        ]
        reference = self.references[name]
        for table in reference.tables:
            parts += [table, config.card(table).model_dump()]
            parts.append(pileup_of(config, table).model_dump())
        if references.needs_sample(config, reference):
            parts.append(config.pileup.sample_events)
        return _hash(parts)

    def memory_mb(self, attempt: int, *job: str) -> int:
        """Tell how much memory to ask a scheduler for [MB], more at each attempt.

        Parameters
        ----------
        job
            As `cost` takes it.
        """
        return 100 * math.ceil(attempt * (2 + 1.5 * self.cost(*job).memory_mb / 100))

    def runtime_min(self, attempt: int, *job: str) -> int:
        """Tell how much time to ask a scheduler for [min], more at each attempt.

        Cores differ by a factor of two from those of the rates, and a node's are shared.
        """
        return math.ceil(attempt * (10 + 3 * self.cost(*job).cpu_s / 60))

    def cost(self, stage: str, process: str = "", chunk: str = "0", name: str = "") -> Cost:
        """Estimate what a job needs: `hard`, `resimulate`, `pack`, `onepass`, `manifest`, `pileup`.

        Parameters
        ----------
        name
            The shower of `resimulate`, the sample of `onepass`.
        """
        config = self.config
        if stage == "onepass":
            n = len(references.onepass_events(config, process, int(chunk)))
        else:
            n = len(events_of(config, process, int(chunk))) if process else 0
        return self._once(
            ("cost", stage, process, n, name), lambda: self._cost(stage, process, n, name)
        )

    def _cost(self, stage: str, process: str, n: int, name: str) -> Cost:
        costs = Costs(self.config, self.rates)
        match stage:
            case "hard":
                return costs.hard(process, n)
            case "resimulate":
                return costs.shower(process, name, n)
            case "pack":
                return costs.pack(process, n)
            case "onepass":
                return costs.onepass(process, [*self.references[name].tables], n)
            case "pileup":
                return costs.pileup()
            case "manifest":
                return costs.manifest(len(self.chunks))
        raise ValueError(f"there is no cost of '{stage}'")

    def _parts(self, stage: Stage, process: str, view: str | None) -> list[Any]:
        """List what a job depends on, its chunk apart."""
        config = self.config
        parts: list[Any] = [
            config.seed,
            hard_settings(config, process),
            config.processes[process].model_dump(include={"initiators", "lhe"}),
            config.hard.model_dump(exclude={"chunk_events"}),
        ]
        if stage == "resimulate" and view is not None:
            parts.append(config.jets.model_dump(exclude={"algorithm"}))
            # Left out of what was made before there was a choice, which is not to be made again.
            parts += [config.jets.algorithm] if config.jets.algorithm != "antikt" else []
            for name in tree.family(config.views, view):
                parts += [
                    name,
                    view_settings(config, process, name),
                    config.card(name).model_dump(),
                ]
                parts += [config.views[name].redo, config.views[name].hepmc]
                if (source := tree.particles_of(config.views, name)) not in (name, view):
                    parts.append(source)
                pileup = pileup_of(config, name)
                if pileup.mean > 0:
                    parts += [pileup.model_dump(), self.fingerprint_of_sample()]
        if stage == "pack":
            parts += [*names_of(config, process).values(), [*config.views]]
            parts += [config.processes[process].label, config.split.model_dump()]
            parts += [config.store.model_dump()]
        return parts

    def _once(self, question: tuple[object, ...], answer: Callable[[], T]) -> T:
        if question not in self._answers:
            self._answers[question] = answer()
        found: T = self._answers[question]
        return found


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=list).encode()).hexdigest()[:16]
