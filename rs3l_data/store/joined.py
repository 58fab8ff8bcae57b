"""Shards in several files, each with other views of the same rows, as a record may have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rs3l_data.errors import InputFileError
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import Columns


def one_of_views(files: Sequence[Shard], name: str) -> Shard:
    """Give one shard with the views of several files, in their order; nothing is copied.

    Parameters
    ----------
    name
        Of the shard.

    Raises
    ------
    InputFileError
        If two files hold the same view, other rows or other columns.
    """
    require_same_rows(files)
    views = [view for file in files for view in file.views]
    if len({*views}) < len(views):
        paths = ", ".join(str(file.path) for file in files)
        raise InputFileError(f"{paths}: hold the views {', '.join(views)}, expected each once")
    first, *others = files
    return replace(
        first,
        name=name,
        views=tuple(views),
        sums={view: total for file in files for view, total in file.sums.items()},
        elsewhere={view: file for file in others for view in file.views},
    )


def require_same_rows(files: Sequence[Shard]) -> None:
    """Check that files hold the same initiators in the same order, in the same columns.

    Raises
    ------
    InputFileError
        If one holds others than the first, or is of another format version.
    """
    first, *others = files
    expected = _ids(first) if others else {}
    for file in others:
        if file.format_version != first.format_version:
            raise InputFileError(
                f"{file.path}: format version {file.format_version}, but {first.path} has "
                f"{first.format_version}, with other columns"
            )
        found = _ids(file)
        for name, column in expected.items():
            if not np.array_equal(found[name], column, equal_nan=column.dtype.kind == "f"):
                raise InputFileError(
                    f"{file.path}: initiators/{name} differs from that of {first.path}: these are "
                    "not views of the same initiators"
                )


def _ids(file: Shard) -> Columns:
    """Read what tells initiators apart: the number of a process by the name that it means."""
    # Another dataset of the same processes has the same numbers, and other momenta.
    ids = file.read_initiators(np.arange(file.n_rows), ["process", "event", "initiator", "pt"])
    return {**ids, "process": np.array(file.processes)[ids["process"]]}
