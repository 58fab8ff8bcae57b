"""Shards with other views than the one that they come from, without a look into their columns."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np

from rs3l_data.errors import InputFileError
from rs3l_data.store.hdf5 import create, read_attributes, read_json, reading
from rs3l_data.store.tables import Columns

Source = tuple[Path, Sequence[str]]
"""A shard, and the views to take of it"""


def copy_views(sources: Sequence[Source], out: Path) -> None:
    """Write a shard with views of one or several shards that have the same rows.

    The compressed columns are copied as they are, so this takes little more than the writing,
    and files of an older format version stay what they are.

    Raises
    ------
    InputFileError
        If a shard is damaged, lacks a view, or has other rows than the first.
    StorageError
        If the file cannot be written.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(reading(path, "shard")) for path, _ in sources]
        first = files[0]
        names = [name for _, views in sources for name in views]
        attributes = {**read_attributes(first), "view_names": names}
        with create(out, "shard", attributes, first.attrs["format_version"]) as target:
            for name in first:
                if name != "views":
                    first.copy(name, target)
            group = target.create_group("views")
            for (path, views), file in zip(sources, files, strict=True):
                _check_rows(path, file, sources[0][0], first)
                for view in views:
                    file.copy(f"views/{view}", group)


def _check_rows(path: Path, file: h5py.File, first_path: Path, first: h5py.File) -> None:
    if file is first:
        return
    found, expected = _ids(file), _ids(first)
    for name, column in found.items():
        if not np.array_equal(column, expected[name]):
            raise InputFileError(
                f"{path}: initiators/{name} differs from that of {first_path}: these are not views "
                "of the same initiators"
            )


def _ids(file: h5py.File) -> Columns:
    """Read what tells initiators apart: the number of a process by the name that it means."""
    ids = {name: file[f"initiators/{name}"][:] for name in ("process", "event", "initiator")}
    return {**ids, "process": np.array(read_json(file, "process_names"))[ids["process"]]}
