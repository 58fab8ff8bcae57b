"""Writing a dataset made from others: its source checked, its shards one by one, its history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.schema import FORMAT_VERSION, is_later
from rs3l_data.errors import InputFileError
from rs3l_data.store.filters import compression_in
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.reader import Dataset
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import View


def open_source(path: Path) -> Dataset:
    """Open a dataset that another is to be made from.

    Its files are compared with its manifest, because the new one has a manifest of its own, after
    which no damage could be told any more.

    Raises
    ------
    InputFileError
        If it is no folder with a manifest, a file is not as the manifest says, or the format is a
        later one, of which not all columns would be read.
    """
    if path.is_file():
        raise InputFileError(
            f"{path}: a file, expected a dataset's folder: only its manifest knows cross sections"
        )
    dataset = open_dataset(path, verify=True)
    for shard in dataset.shards:
        if is_later(shard.format_version):
            raise InputFileError(
                f"{shard.path}: format version {shard.format_version}, of which columns would be "
                f"lost: this package writes {FORMAT_VERSION}; install the version of rs3l that "
                "wrote it"
            )
    return dataset


def names_of(rows: Dataset, only_used: bool) -> dict[str, Any]:
    """Give the attributes of shards that tell what rows are: processes, labels and config.

    Parameters
    ----------
    only_used
        Leave out the names that no row has.
    """
    names = {"process": rows.processes, "label": rows.labels}
    if only_used:
        there = {column: np.unique(rows.initiators[column]) for column in names}
        names = {column: tuple(names[column][i] for i in there[column]) for column in names}
    # The first shards of a dataset that has grown have an older config than its manifest.
    return {
        "process_names": [*names["process"]],
        "label_names": [*names["label"]],
        "config": rows.config,
    }


def write_parts(
    folder: Path,
    parts: Iterable[Dataset],
    names: dict[str, Any],
    history: list[Any],
    read: Callable[[Dataset, str], View] = Dataset.read_view,
) -> list[Path]:
    """Write rows, shard by shard, as shards of the new dataset; memory holds one at a time.

    Parameters
    ----------
    parts
        Each some rows of one shard; where there are none, no shard is written.
    names
        Attributes that differ: `process_names`, `label_names` (which the columns are renumbered
        for), `config`.
    read
        Gives a part's view by its name, changed or as it is.

    Returns
    -------
    list
        The shards' paths, all in ``folder`` itself.
    """
    paths: list[Path] = []
    for part in parts:
        if len(part):
            path = _free(folder / part.shards[0].name, paths)
            views = {name: read(part, name) for name in part.views}
            _write_part(path, part, views, names, history)
            paths.append(path)
    return paths


def _free(path: Path, taken: Sequence[Path]) -> Path:
    """Give a shard another name if one that lay in another folder is called the same."""
    number, free = 2, path
    while free in taken:
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return free


def _write_part(
    path: Path, part: Dataset, views: dict[str, View], names: dict[str, Any], history: list[Any]
) -> None:
    (shard,) = part.shards
    initiators = part.read_initiators()
    for column, old in (("process", part.processes), ("label", part.labels)):
        new = names[f"{column}_names"]
        number = np.array([new.index(name) if name in new else 255 for name in old], np.uint8)
        initiators.columns[column] = number[initiators.columns[column]]
    write_shard(
        path,
        initiators,
        views,
        {**shard.attributes, **names, "history": history},
        compression_in(part.config),
        part.read_weights(),
        shard.format_version,
    )


def step(operation: str, arguments: dict[str, Any], sources: Sequence[Dataset]) -> list[Any]:
    """Write down where a dataset comes from: all that was done to its source, and this.

    Returns
    -------
    list
        Of operations, the oldest first. A merge has several sources, each with its own history.
    """
    manifests = [source.manifest or {} for source in sources]
    entry: dict[str, Any] = {
        "operation": operation,
        "arguments": arguments,
        "rs3l": version("rs3l"),
        "sources": [{"digest": m["digest"], "n_rows": m["n_rows"]} for m in manifests],
    }
    if len(manifests) == 1:
        return [*manifests[0].get("history", []), entry]
    for source, manifest in zip(entry["sources"], manifests, strict=True):
        source["history"] = manifest.get("history", [])
    return [entry]
