"""Putting datasets of the same simulation together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.compatible import differences, joined
from rs3l_data.describe.schema import MOST_NAMES
from rs3l_data.errors import InputFileError
from rs3l_data.integrity.runs import Runs
from rs3l_data.reshape.derived import open_source, step, write_parts
from rs3l_data.reshape.manifest import finish
from rs3l_data.store.folder import new_folder
from rs3l_data.store.reader import Dataset
from rs3l_data.store.software import warn_of_other_software


def merge(paths: Sequence[Path], to: Path) -> None:
    """Write several datasets as one.

    Parameters
    ----------
    paths
        Two datasets' folders or more: parts of one dataset, other events or other processes of the
        same simulation.
    to
        A new folder.

    Raises
    ------
    InputFileError
        If a source is no sound dataset, or they do not belong together: other views, other
        settings, the same rows twice; or have too many names together.
    StorageError
        If there is something at ``to``, or it cannot be written.

    Warns, by logging, of software that the sources have in different versions.
    """
    sources = [open_source(path) for path in paths]
    config = _joined_config(sources)
    _check_once(sources)
    shards = [shard for source in sources for shard in source.shards]
    warn_of_other_software(shards, shards[0].attributes.get("software", {}))
    names = {
        "process_names": _joined_names("processes", [source.processes for source in sources]),
        "label_names": _joined_names("labels", [source.labels for source in sources]),
        "config": config,
    }
    history = step("merge", {}, sources)
    with new_folder(to) as folder:
        same = (replace(source, views=sources[0].views) for source in sources)
        parts = (part for source in same for part in source.by_shard())
        finish(folder, write_parts(folder, parts, names, history), sources)


def _joined_names(kind: str, of_each: Sequence[Sequence[str]]) -> list[str]:
    names = [*dict.fromkeys(name for names in of_each for name in names)]
    if len(names) > MOST_NAMES:
        raise InputFileError(
            f"the datasets have {len(names)} {kind} together, and one may have at most "
            f"{MOST_NAMES}: merge fewer of them"
        )
    return names


def _joined_config(sources: Sequence[Dataset]) -> dict[str, Any]:
    """Check that all are of one simulation, and describe it: each process as the rows' source."""
    first = sources[0]
    config, held = first.config, _processes(first)
    for source in sources[1:]:
        _check_format(first, source)
        own = _processes(source)
        keys = differences(config, source.config, held & own)
        if keys:
            raise InputFileError(
                f"{source.source}: made with other settings than {first.source}:"
                f" {', '.join(keys)} differ; rows of different simulations do not belong into one"
                " dataset"
            )
        config = joined(config, source.config, own - held)
        held |= own
    return config


def _processes(dataset: Dataset) -> set[str]:
    """Name the processes of which it has rows."""
    counted = (dataset.manifest or {}).get("processes", {})
    return {name for name, process in counted.items() if process["n_rows"]}


def _check_format(one: Dataset, other: Dataset) -> None:
    if sorted(one.views) != sorted(other.views):
        raise InputFileError(
            f"{other.source}: has the views {', '.join(other.views)}, but {one.source} has "
            f"{', '.join(one.views)}; `rs3l-data select --views` can leave views out"
        )
    versions = [dataset.shards[0].format_version for dataset in (one, other)]
    if versions[0] != versions[1]:
        raise InputFileError(
            f"{other.source}: format version {versions[1]}, but {one.source} has {versions[0]}, "
            "with other columns"
        )


def _check_once(sources: Sequence[Dataset]) -> None:
    """Refuse events that two of the sources have; only where their ranges overlap they are read."""
    runs = Runs()
    for source in sources:
        for shard in source.shards:
            runs.add(shard, shard.read_initiators(np.arange(shard.n_rows), ["process", "event"]))
    for event, process, first, second in runs.repeated():
        raise InputFileError(
            f"{second.path}: has event {event} of the process '{process}', as {first.path} has; "
            "each event may be there once"
        )
