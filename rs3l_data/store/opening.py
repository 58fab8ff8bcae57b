"""Finding and checking the shards of a dataset: what `rs3l_data.open` does."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from rs3l_data.errors import InputFileError
from rs3l_data.named_files import require_once
from rs3l_data.store.joined import one_of_views
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
    # Each shard's name and files: of some records, one for each view.
    files = [(path.name, [path]) for path in paths]
    if len(paths) == 1 and not paths[0].is_file():
        folder = paths[0]
        manifest = read_manifest(folder / MANIFEST_NAME)
        files = _files(folder, manifest, verify, corrupt)
    elif verify:
        raise InputFileError(f"{source}: without a manifest there is nothing to verify it with")
    if not files:
        raise InputFileError(f"{source}: there is no shard to read")
    require_once(path for _, own in files for path in own)
    shards = _opened(files, source, corrupt)
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


def _files(
    folder: Path, manifest: Mapping[str, Any], verify: bool, corrupt: Corrupt
) -> list[tuple[str, list[Path]]]:
    """Find the name and the files of each shard, and compare them with the manifest."""
    if corrupt == "stop":
        check_files(folder, manifest, verify)
    shards: dict[str, list[Path]] = {}
    damaged = set()
    for entry in manifest["files"]:
        name = entry.get("shard") or entry["path"]
        shards.setdefault(name, []).append(folder / entry["path"])
        if corrupt == "skip" and (fault := fault_of(folder, entry, bytewise=verify)):
            logger.warning("%s; this shard is left out", fault)
            damaged.add(name)
    return [(Path(name).name, own) for name, own in shards.items() if name not in damaged]


def _opened(
    files: Sequence[tuple[str, Sequence[Path]]], source: str, corrupt: Corrupt
) -> tuple[Shard, ...]:
    """Open the shards, or those that can be."""
    shards = []
    for name, paths in files:
        try:
            parts = [open_shard(path) for path in paths]
            shards.append(one_of_views(parts, name))
        except InputFileError as error:
            if corrupt == "stop":
                raise
            logger.warning("%s; this shard is left out", error)
    if not shards:
        raise InputFileError(f"{source}: none of its {len(files)} shards can be opened")
    return tuple(shards)
