"""Finding and checking the shards of a dataset: what `rs3l_data.open` does."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from rs3l_data.errors import InputFileError
from rs3l_data.named_files import require_once
from rs3l_data.store.manifest import MANIFEST_NAME, check_files, fault_of, read_manifest
from rs3l_data.store.reader import Dataset
from rs3l_data.store.shard import Shard, open_shard

logger = logging.getLogger(__name__)

Corrupt = Literal["stop", "skip"]


def open_dataset(
    path: str | Path | Sequence[str | Path],
    verify: bool = False,
    corrupt: Corrupt = "stop",
) -> Dataset:
    """Open a dataset's folder or its `dataset.json`, a shard, or several with the same views.

    Parameters
    ----------
    verify
        Compare every file's SHA-256 with the manifest before HDF5 sees one byte of it. Without,
        only their sizes are compared.
    corrupt
        At a shard that differs from the manifest or cannot be opened: stop, or leave it out with a
        warning.

    Raises
    ------
    InputFileError
        If a file is missing, truncated, foreign or of another format version, if the shards'
        views differ, or if one is given twice.
    ValueError
        If ``corrupt`` is another word.
    """
    if corrupt not in get_args(Corrupt):
        raise ValueError(f"corrupt: expected 'stop' or 'skip', found {corrupt!r}")
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(one) for one in path]
    if len(paths) == 1 and paths[0].name == MANIFEST_NAME:
        paths = [paths[0].parent]
    manifest = None
    source = str(paths[0]) if paths else "an empty list of shards"
    if len(paths) == 1 and not paths[0].is_file():
        folder = paths[0]
        manifest = read_manifest(folder / MANIFEST_NAME)
        if any("shard" in entry for entry in manifest["files"]):
            raise InputFileError(
                f"{folder}: a record with one file for each view of a shard; `rs3l-data download` "
                "joins them as it fetches them. Files of one view can be opened as a list"
            )
        entries = manifest["files"]
        if corrupt == "skip":
            entries = _undamaged(folder, entries, verify)
        else:
            check_files(folder, manifest, verify)
        paths = [folder / entry["path"] for entry in entries]
    elif verify:
        raise InputFileError(f"{source}: without a manifest there is nothing to verify it with")
    if not paths:
        raise InputFileError(f"{source}: there is no shard to read")
    require_once(paths)
    shards = _opened(paths, source) if corrupt == "skip" else tuple(map(open_shard, paths))
    for shard in shards:
        if sorted(shard.views) != sorted(shards[0].views):
            raise InputFileError(
                f"{shard.path}: has the views {', '.join(shard.views)}, but {shards[0].path} has "
                f"{', '.join(shards[0].views)}; open only shards of one dataset together"
            )
    # All of each shard's rows: views of one array, however many shards there are.
    longest = np.arange(max(shard.n_rows for shard in shards))
    rows = tuple(longest[: shard.n_rows] for shard in shards)
    return Dataset(source, shards, rows, shards[0].views, manifest)


def _undamaged(folder: Path, entries: list[Any], verify: bool) -> list[Any]:
    """Keep the manifest's entries of those files that are as it says."""
    kept = []
    for entry in entries:
        if fault := fault_of(folder, entry, bytewise=verify):
            logger.warning("%s; this shard is left out", fault)
        else:
            kept.append(entry)
    return kept


def _opened(paths: Sequence[Path], source: str) -> tuple[Shard, ...]:
    """Open those shards that can be."""
    shards = []
    for path in paths:
        try:
            shards.append(open_shard(path))
        except InputFileError as error:
            logger.warning("%s; this shard is left out", error)
    if not shards:
        raise InputFileError(f"{source}: none of its {len(paths)} shards can be opened")
    return tuple(shards)
