"""What the workflow needs to know of a config: its jobs, and on which parts each depends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import yaml

from rs3l_data.describe import external, tree
from rs3l_data.describe.config import Config
from rs3l_data.describe.names import names_of
from rs3l_data.describe.pileup import has_pileup, pileup_of
from rs3l_data.describe.settings import hard_settings, pileup_settings, view_settings
from rs3l_data.describe.strict import validate

Stage = Literal["hard", "resimulate", "pack"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A validated config, as the workflow sees it."""

    config: Config

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], source: str) -> Self:
        """Validate what Snakemake has read and merged.

        Raises
        ------
        ConfigError
            With one line for each fault.
        """
        return cls(validate(Config, json.loads(json.dumps(data)), source))

    @property
    def chunks(self) -> list[tuple[str, str]]:
        """All (process, chunk) pairs, the chunk as it stands in file names."""
        return [
            (process, f"{chunk:04d}")
            for process in self.config.processes
            for chunk in range(self.config.chunks(process))
        ]

    @property
    def showers(self) -> list[str]:
        """The views that start from the hard event: one job each, for itself and its branch."""
        return tree.roots(self.config.views)

    def needs_sample(self, shower: str) -> bool:
        """Say whether a shower's job needs the sample of minimum-bias events."""
        return has_pileup(self.config, shower)

    def fingerprint_of_sample(self) -> str:
        """Hash the parts of the config that the sample of minimum-bias events depends on."""
        config = self.config
        return _hash([config.seed, pileup_settings(config), config.pileup.sample_events])

    def lhe_files(self, process: str) -> list[str]:
        """List the event files of another program that the hard events of a process come from."""
        return external.lhe_files(self.config.processes[process].lhe)

    def hepmc_files(self, process: str, chunk: int, view: str) -> list[str]:
        """List the event files that a view of a chunk comes from: one, or none if it is ours."""
        pattern = self.config.views[view].hepmc
        return [] if pattern is None else [external.hepmc_file(pattern, process, chunk)]

    def fingerprint(self, stage: Stage, process: str, chunk: int, view: str | None = None) -> str:
        """Hash the parts of the config that a job's result depends on.

        Snakemake runs a job again when this changes, and only then: more events, another view
        or another training leave the finished jobs alone.
        """
        config = self.config
        parts: list[Any] = [
            config.seed,
            hard_settings(config, process),
            config.processes[process].model_dump(include={"initiators", "lhe"}),
            config.hard.model_dump(),
            len(config.events_of(process, chunk)),
        ]
        if stage == "resimulate" and view is not None:
            parts.append(config.jets.model_dump())
            for name in tree.family(config.views, view):
                parts += [name, view_settings(config, name), config.card(name).model_dump()]
                parts += [config.views[name].redo, config.views[name].hepmc]
                pileup = pileup_of(config, name)
                if pileup.mean > 0:
                    parts += [pileup.model_dump(), self.fingerprint_of_sample()]
        if stage == "pack":
            parts += [*names_of(config, process).values(), [*config.views]]
            parts += [config.processes[process].label, config.split.model_dump()]
            parts += [config.store.model_dump()]
        return _hash(parts)


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=list).encode()).hexdigest()[:16]


def save(config: Config, path: str | Path) -> None:
    """Write a config with all defaults and catalogue entries filled in."""
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
