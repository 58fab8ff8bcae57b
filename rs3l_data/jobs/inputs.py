"""Files that one job hands to the next, checked to belong to the same run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.branch import pileup_of
from rs3l_data.describe.chunks import events_in_chunk, events_of, n_chunks
from rs3l_data.describe.compatible import differences
from rs3l_data.describe.config import Config
from rs3l_data.describe.resolved import Resolved, Stage
from rs3l_data.describe.settings import pileup_settings
from rs3l_data.describe.tree import shower_of
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.events.particles import Particles
from rs3l_data.jobs.provenance import attributes
from rs3l_data.store.hard import read_event_numbers, read_hard_events, read_hard_run
from rs3l_data.store.pileup import read_sample
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import I8, Initiators
from rs3l_data.store.view_file import ViewFile, open_view_file

_MAKE_AGAIN = "delete the file and run again, or give the run another name"


def read_hard_of(config: Config, path: Path) -> tuple[HardEvents, HardRun]:
    """Read hard events that were made with this config.

    Raises
    ------
    InputFileError
        If the file is unreadable, was made with other hard processes, cuts or another seed, or
        holds other events than a chunk of this config.
    """
    run, made_by = read_hard_run(path)
    config.require("processes", run.process)
    check_origin(config, made_by["config"], path, "hard", run.process)
    hard = read_hard_events(path)
    _check_chunk(config, run.process, hard, path)
    return hard, run


def read_runs_of(config: Config, folder: Path) -> list[HardRun]:
    """Read what the hard events of all chunks say beside them, if this config makes the same.

    Raises
    ------
    InputFileError
        If a file is unreadable, was made with other hard processes, cuts or another seed, or holds
        other events than its chunk.
    """
    runs, origins = [], _Origins(config, "hard")
    for process, chunk in Resolved(config).chunks:
        path = folder / process / f"{chunk}.h5"
        run, made_by = read_hard_run(path)
        origins.check(made_by["config"], path, process)
        events, own = read_event_numbers(path), events_of(config, process, int(chunk))
        if run.process != process or not np.array_equal(events, own):
            raise InputFileError(
                f"{_held(path, run.process, events)}, expected the {len(own)} of '{process}' from "
                f"number {own[0]} on; {_MAKE_AGAIN}"
            )
        runs.append(run)
    return runs


def check_shards(
    config: Config, chunks: Sequence[tuple[str, str]], shards: Sequence[Shard]
) -> None:
    """Refuse a shard of another config, or with another chunk's events, as a copy has.

    Parameters
    ----------
    chunks
        Process and chunk of each of the ``shards``.

    Raises
    ------
    InputFileError
        Naming the first such shard.
    """
    origins = _Origins(config, "pack")
    for (process, chunk), shard in zip(chunks, shards, strict=True):
        made_with = shard.attributes["config"]
        origins.check(made_with, shard.path, process)
        _check_events(config, made_with, shard.path, process, int(chunk))
        events = shard.read_initiators(np.arange(shard.n_rows), ["event"])["event"]
        own = events_of(config, process, int(chunk))
        if len(events) and not own[0] <= events.min() <= events.max() <= own[-1]:
            raise InputFileError(
                f"{shard.path}: has events {events.min()} to {events.max()}, expected those of"
                f" chunk {chunk}, {own[0]} to {own[-1]}; delete it and run again"
            )


def _check_events(
    config: Config, made_with: Mapping[str, Any], path: Path, process: str, chunk: int
) -> None:
    """Refuse a shard that was made when its chunk had other events.

    Its rows cannot tell, because an event may have none; the config that made it can.

    Raises
    ------
    InputFileError
        Naming both.
    """
    spec = made_with["processes"][process]
    if (size := spec.get("chunk_events")) is None:
        return  # Of a version that did not write it down.
    found = range(chunk * size, min((chunk + 1) * size, spec["events"]))
    own = events_of(config, process, chunk)
    if found != own:
        raise InputFileError(
            f"{path}: made when this chunk of '{process}' had {len(found)} events from number "
            f"{found.start} on, expected {len(own)} from {own.start} on; {_MAKE_AGAIN}"
        )


def _check_chunk(config: Config, process: str, hard: HardEvents, path: Path) -> None:
    """Refuse hard events that are no chunk of this config: its jobs would not fit together."""
    events, size = hard.events["event"], events_in_chunk(config, process)
    chunk = int(events[0]) // size if len(events) else -1
    if not 0 <= chunk < n_chunks(config, process) or not np.array_equal(
        events, events_of(config, process, chunk)
    ):
        raise InputFileError(
            f"{_held(path, process, events)}, expected a chunk of {size} of "
            f"{config.processes[process].events}: give the config that its run keeps, "
            f"results/{config.name}/config.yaml; if it is of an earlier run, {_MAKE_AGAIN}"
        )


def _held(path: Path, process: str, events: I8) -> str:
    first = int(events[0]) if len(events) else 0
    return f"{path}: holds the {len(events)} events of '{process}' from number {first} on"


def sample_key(config: Config) -> dict[str, Any]:
    """List what the minimum-bias events of a run depend on."""
    return {
        "seed": config.seed,
        "settings": pileup_settings(config),
        "sample_events": config.pileup.sample_events,
    }


def require_pileup(config: Config) -> None:
    """Check that some view has pile-up.

    Raises
    ------
    ConfigError
        If none has: minimum-bias events would serve nothing.
    """
    if not any(pileup_of(config, view).mean > 0 for view in config.views):
        raise ConfigError("minimum-bias events: no view has pile-up; set `pileup.mean`")


def read_sample_of(config: Config, path: Path) -> Particles:
    """Read the minimum-bias events that were made with this config.

    Raises
    ------
    ConfigError
        If the config has no pile-up.
    InputFileError
        If the file is unreadable, or was made with another generator, seed or number of events.
    """
    require_pileup(config)
    sample, attributes = read_sample(path)
    for key, expected in sample_key(config).items():
        if attributes.get(key) != expected:
            raise InputFileError(
                f"{path}: made with another config: {key} was {attributes.get(key)}, now it is "
                f"{expected}; make it again with `rs3l-data pileup`"
            )
    return sample


@dataclass(frozen=True)
class _Origins:
    """`check_origin` for many files, most of which were made with one config."""

    config: Config
    stage: Stage
    _fit: set[tuple[str, str]] = field(default_factory=set, init=False)

    def check(self, made_with: dict[str, Any], path: Path, process: str) -> None:
        """Refuse a file that the config would make otherwise."""
        # To judge one takes a while.
        key = (process, json.dumps(made_with))
        if key not in self._fit:
            check_origin(self.config, made_with, path, self.stage, process)
            self._fit.add(key)


def check_origin(
    config: Config,
    made_with: dict[str, Any],
    path: Path,
    stage: Stage,
    process: str,
    view: str | None = None,
) -> None:
    """Refuse a file that this config would make otherwise.

    The workflow makes such files again by itself, as long as it remembers how it made them.

    Raises
    ------
    InputFileError
        Naming the keys that differ.
    """
    try:
        before = Resolved.from_mapping(made_with, f"{path}: attribute config")
        now = Resolved(config)
        for kind, name in (("processes", process), ("views", view)):
            if name is not None and name not in getattr(before.config, kind):
                raise InputFileError(
                    f"{path}: made with another config, which has no {kind}.{name}; {_MAKE_AGAIN}"
                )
        # The chunk has no part in it: its rows are compared one by one.
        same = before.fingerprint_of_all(stage, process, view) == now.fingerprint_of_all(
            stage, process, view
        )
        if same and stage == "pack":
            # A shard is what its views are; the workflow knows them by their files.
            same = before.showers == now.showers and all(
                before.fingerprint_of_all("resimulate", process, shower)
                == now.fingerprint_of_all("resimulate", process, shower)
                for shower in now.showers
            )
    except ConfigError as error:
        raise InputFileError(f"{error}; {_MAKE_AGAIN}") from None
    if not same:
        own = attributes(config)["config"]
        changes = [
            f"{key} ({_at(made_with, key)!s:.60} then, {_at(own, key)!s:.60} now)"
            for key in differences(made_with, own)
        ]
        what = ", ".join(changes) or "`store` or the chunks"
        raise InputFileError(
            f"{path}: made with another config, which differs in {what}; {_MAKE_AGAIN}"
        )


def _at(values: Mapping[str, Any], key: str) -> Any:
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def open_views_of(
    config: Config, process: str, initiators: Initiators, paths: list[Path]
) -> dict[str, ViewFile]:
    """Find each view of the config in the files of their showers, with these initiators' rows.

    Raises
    ------
    InputFileError
        If a view is missing or twice there, or a file holds other rows, or was made with other
        settings.
    """
    views: dict[str, ViewFile] = {}
    for path in paths:
        file = open_view_file(path)
        for name in file.names:
            if name not in config.views:
                raise InputFileError(
                    f"{path}: holds the view '{name}', which the config has not; {_MAKE_AGAIN}"
                )
            made_with, shower = file.attributes.get("config", {}), shower_of(config.views, name)
            check_origin(config, made_with, path, "resimulate", process, shower)
        same = file.events.process == process and all(
            np.array_equal(values, initiators.columns[name]) for name, values in file.keys.items()
        )
        if not same or views.keys() & set(file.names):
            raise InputFileError(
                f"{path}: holds the views {', '.join(file.names)} of {file.events.process}, events "
                f"{file.events.first_event} to {file.events.last_event}, which are not those of "
                "the hard file or were given twice"
            )
        views |= dict.fromkeys(file.names, file)
    missing = [name for name in config.views if name not in views]
    if missing:
        raise InputFileError(f"no file for the views {', '.join(missing)}: give one for each")
    return {name: views[name] for name in config.views}
