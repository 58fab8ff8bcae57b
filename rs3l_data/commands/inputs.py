"""Files that one job hands to the next, checked to belong to the same run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.config import Config
from rs3l_data.describe.settings import pileup_settings
from rs3l_data.errors import InputFileError
from rs3l_data.simulate.hard_events import HardEvents, HardRun
from rs3l_data.simulate.particles import Particles
from rs3l_data.store.hard import read_hard_events, read_hard_run
from rs3l_data.store.pileup import read_sample
from rs3l_data.store.tables import Initiators, View
from rs3l_data.store.view_file import names_in, read_view_file


def read_hard_of(config: Config, path: Path) -> tuple[HardEvents, HardRun]:
    """Read hard events that were made with this config.

    Raises
    ------
    InputFileError
        If the file is unreadable, was made with other hard processes, cuts or another seed, or
        holds other events than a chunk of this config.
    """
    run, attributes = read_hard_run(path)
    expected = config.model_dump(mode="json")
    found = attributes["config"]
    of_process = [f"processes.{run.process}.{key}" for key in ("settings", "initiators", "lhe")]
    cuts = [f"hard.{key}" for key in config.hard.model_dump(exclude={"chunk_events"})]
    for key in ("seed", *cuts, "generator", *of_process):
        if _at(found, key) != _at(expected, key):
            raise InputFileError(
                f"{path}: made with another config: {key} was {_at(found, key)}, now it is "
                f"{_at(expected, key)}; delete the file and run again, or give the run another name"
            )
    hard = read_hard_events(path)
    _check_chunk(config, run.process, hard, path)
    return hard, run


def _check_chunk(config: Config, process: str, hard: HardEvents, path: Path) -> None:
    """Refuse hard events that are no chunk of this config: its jobs would not fit together."""
    config.require("processes", process)
    events, size = hard.events["event"], config.chunk_events(process)
    chunk = int(events[0]) // size if len(events) else -1
    if not 0 <= chunk < config.chunks(process) or not np.array_equal(
        events, config.events_of(process, chunk)
    ):
        raise InputFileError(
            f"{path}: holds the {len(events)} events of '{process}' from number "
            f"{int(events[0]) if len(events) else 0} on, expected a chunk of {size} of "
            f"{config.processes[process].events}; it was made with another config: delete it and "
            "run again"
        )


def sample_key(config: Config) -> dict[str, Any]:
    """List what the minimum-bias events of a run depend on."""
    return {
        "seed": config.seed,
        "settings": pileup_settings(config),
        "sample_events": config.pileup.sample_events,
    }


def read_sample_of(config: Config, path: Path) -> Particles:
    """Read the minimum-bias events that were made with this config.

    Raises
    ------
    InputFileError
        If the file is unreadable, or was made with another generator, seed or number of events.
    """
    sample, attributes = read_sample(path)
    for key, expected in sample_key(config).items():
        if attributes.get(key) != expected:
            raise InputFileError(
                f"{path}: made with another config: {key} was {attributes.get(key)}, now it is "
                f"{expected}; make it again with `rs3l-data pileup`"
            )
    return sample


def _at(values: dict[str, Any], key: str) -> Any:
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


class ViewsInFiles(Mapping[str, View]):
    """Views that are read when they are asked for: a shard of many views needs memory for one."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def __getitem__(self, name: str) -> View:
        return read_view_file(self._files[name], [name]).views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def read_views_of(
    config: Config, process: str, initiators: Initiators, paths: list[Path]
) -> ViewsInFiles:
    """Find the views of the config in the files of their showers, with these initiators' rows.

    Raises
    ------
    InputFileError
        If a view is missing or twice there, or a file holds other rows.
    """
    files: dict[str, Path] = {}
    for path in paths:
        names = names_in(path)
        chunk = read_view_file(path, [])
        for name in names:
            config.require("views", name)
        same = chunk.process == process and all(
            np.array_equal(values, initiators.columns[name]) for name, values in chunk.keys.items()
        )
        if not same or files.keys() & {*names}:
            raise InputFileError(
                f"{path}: holds the views {', '.join(names)} of {chunk.process}, events "
                f"{chunk.first_event} to {chunk.last_event}, which are not those of the hard file "
                "or were given twice"
            )
        files.update(dict.fromkeys(names, path))
    missing = [name for name in config.views if name not in files]
    if missing:
        raise InputFileError(f"no file for the views {', '.join(missing)}: give one for each")
    return ViewsInFiles({name: files[name] for name in config.views})
