"""The rows of a dataset in other shards: each of one process, and of about the same size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.schema import FORMAT_VERSION
from rs3l_data.errors import InputFileError
from rs3l_data.store.filters import compression_in
from rs3l_data.store.reader import Dataset
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import I8


def bytes_of_processes(dataset: Dataset) -> dict[str, int]:
    """Estimate the compressed size of each process's rows, in the chosen views."""
    sizes = dict.fromkeys(dataset.processes, 0.0)
    for part in dataset.by_shard():
        (shard,) = part.shards
        per_row = shard.n_bytes / max(shard.n_rows, 1)
        share = len(part.views) / len(shard.views)
        for index, name in enumerate(part.processes):
            sizes[name] += float(np.sum(part.initiators["process"] == index)) * per_row * share
    return {name: round(size) for name, size in sizes.items() if size}


def repack(
    dataset: Dataset, pieces: Mapping[str, int], folder: Path, told: Callable[[int], None]
) -> list[Path]:
    """Write each process's rows into so many shards, `<process>-<number>.h5`.

    An event stays in one shard, and rows with other further weights get shards of their own.
    Memory holds one shard at a time.

    Parameters
    ----------
    told
        Is told how many rows are written.

    Raises
    ------
    InputFileError
        If the shards are of an older format version, whose columns this package does not write.
    StorageError
        If a file cannot be written.
    """
    _check_versions(dataset)
    paths, done = [], 0
    for process, n_pieces in pieces.items():
        rows = dataset.select(processes=process)
        bounds = np.union1d(_bounds(rows.event_keys, n_pieces), _other_weights(rows))
        for number, (start, stop) in enumerate(pairwise(bounds.tolist())):
            path = folder / f"{process}-{number:04d}.h5"
            _write(rows[start:stop], path)
            paths.append(path)
            done += stop - start
            told(done)
    return paths


def _bounds(events: I8, n_pieces: int) -> I8:
    """Cut rows into pieces of about the same length, between events."""
    starts = np.flatnonzero(np.diff(events, prepend=-1))
    wanted = np.linspace(0, len(events), n_pieces, endpoint=False)
    cuts = np.unique(starts[np.minimum(np.searchsorted(starts, wanted), len(starts) - 1)])
    return np.append(cuts, len(events))


def _other_weights(rows: Dataset) -> I8:
    """Find where rows begin whose further weights have other names or meanings.

    In one shard some would be missing, or told to mean what others do.
    """
    parts = [*rows.by_shard()]
    meanings = [part.weight_meanings for part in parts]
    ends = np.cumsum([len(part) for part in parts])
    differ = [one != other for one, other in pairwise(meanings)]
    return np.asarray(ends[:-1][np.array(differ, bool)])


def _write(rows: Dataset, path: Path) -> None:
    # What the shards say that the rows lie in: another may be of another process, and older.
    said = [part.shards[0].attributes for part in rows.by_shard()]
    attributes: dict[str, Any] = {
        **said[0],
        "process_names": list(rows.processes),
        "label_names": list(rows.labels),
        "config": rows.config,
    }
    if not all(each.get("constituents_complete", True) for each in said):
        attributes["constituents_complete"] = False
    views = {view: rows.read_view(view) for view in rows.views}
    write_shard(
        path,
        rows.read_initiators(),
        views,
        attributes,
        compression_in(rows.config),
        rows.read_weights(),
    )


def _check_versions(dataset: Dataset) -> None:
    for shard in dataset.shards:
        if shard.format_version != FORMAT_VERSION:
            raise InputFileError(
                f"{shard.path}: format version {shard.format_version}; only shards of version "
                f"{FORMAT_VERSION} can be cut anew. Publish them as they are: leave "
                "`--shard-size`, `--processes`, `--views` and `--by-view` away"
            )
