"""What is checked of an HDF5 file before a value of it is believed.

A file may come from anywhere, so nothing in it is taken for granted: that a table is in this file
and not behind a link to another, that its values have the type of the schema, that as many are
stored as it declares, and that offsets stay within what they index. Every fault is a `ValueError`
that names the dataset and, where there is one, the row; `rs3l_data.store.hdf5.reading` puts the
file's name before it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import h5py
import numpy as np

from rs3l_data.describe.schema import Column
from rs3l_data.store import recycled
from rs3l_data.store.spans import Span, indices_of
from rs3l_data.store.tables import I8, Array

MAX_RATIO = 256
"""What a file declares to hold, at most, for each of its bytes: jets compress by 2 to 5, tables in
which every jet is absent by less than 100"""
_SLACK = 1 << 26
_MAX_CHUNK = 1 << 26


def group_at(file: h5py.Group, path: str) -> h5py.Group:
    """Give the group at a path below ``file``, every step of which must lie in the file itself.

    Raises
    ------
    ValueError
        If it is missing, no group, or behind a link to elsewhere.
    """
    group = file
    for name in path.split("/"):
        where = f"{group.name.rstrip('/')}/{name}"
        group = h5py.Group(_member(group, name, where, h5py.h5g.GroupID, "group"))
    return group


def dataset_at(group: h5py.Group, name: str, dtype: np.dtype[Any], ndim: int = 1) -> h5py.Dataset:
    """Give a dataset, after all checks that read no value.

    Raises
    ------
    ValueError
        If it is missing, no dataset, elsewhere, of another type or shape, or declares more than is
        stored.
    """
    return h5py.Dataset(_stored(group, name, dtype, ndim)[0])


def read_column(
    group: h5py.Group,
    column: Column,
    spans: Sequence[Span],
    to_the_end: bool = False,
    n_rows: int | None = None,
) -> Array:
    """Read some spans of a column, which rise, one after the other.

    Parameters
    ----------
    to_the_end
        Whether the last span must end where the column does.
    n_rows
        How many values a column of rows has; None for one of items, of which offsets say it.

    Raises
    ------
    ValueError
        If the column is not as the schema says, shorter, or longer than it may be.
    """
    dtype = column.numpy_dtype
    stored, (length,) = _stored(group, column.name, dtype, 1)
    last = spans[-1][1]
    if length < last:
        raise ValueError(
            f"{group.name}/{column.name}: has {length} values, shorter than its offsets or rows "
            f"say: expected at least {last}"
        )
    if to_the_end and length > last:
        raise ValueError(
            f"{group.name}/{column.name}: has {length} values, but the offsets end at {last}"
        )
    if n_rows is not None and length > n_rows:
        raise ValueError(
            f"{group.name}/{column.name}: has {length} values, but there are {n_rows} rows"
        )
    values = _read(stored, dtype, spans)
    if values.dtype == np.bool_ and np.any(values.view(np.uint8) > 1):
        row = int(indices_of(spans)[np.argmax(values.view(np.uint8) > 1)])
        raise ValueError(f"{group.name}/{column.name}, row {row}: is neither true nor false")
    return values


def read_offsets(group: h5py.Group, spans: Sequence[Span]) -> tuple[list[I8], bool]:
    """Read the offsets of some spans of rows, which rise.

    Returns
    -------
    offsets
        Of each span, (stop - start + 1,).
    to_the_end
        Whether the last one is the last there is.

    Raises
    ------
    ValueError
        If they are not all there, negative, fall, or do not start at 0.
    """
    where, dtype = f"{group.name}/offsets", np.dtype("<i8")
    stored, (length,) = _stored(group, "offsets", dtype, 1)
    if length < spans[-1][1] + 1:
        raise ValueError(
            f"{where}: has {length} values, expected at least {spans[-1][1] + 1}: one more than "
            "rows"
        )
    found: list[I8] = []
    least = 0
    for start, stop in spans:
        offsets: I8 = _read(stored, dtype, [(start, stop + 1)])
        if start == 0 and offsets[0] != 0:
            raise ValueError(f"{where}, row 0: starts at {offsets[0]}, expected 0")
        # A difference of two hostile numbers may overflow; a comparison does not.
        falls = offsets[1:] < offsets[:-1]
        if np.any(falls) or offsets[0] < least:
            row = int(np.argmax(falls)) if np.any(falls) else 0
            raise ValueError(
                f"{where}, row {start + row}: goes from {offsets[row]} to "
                f"{offsets[min(row + 1, len(offsets) - 1)]}, expected offsets that never fall "
                f"below {least} or each other"
            )
        found.append(offsets)
        least = int(offsets[-1])
    return found, length == spans[-1][1] + 1


def n_values(group: h5py.Group, column: Column) -> int:
    """Count the values of a column without reading one.

    Raises
    ------
    ValueError
        If the column is not as the schema says.
    """
    _, (length,) = _stored(group, column.name, column.numpy_dtype, 1)
    return length


# What follows speaks to HDF5 directly: h5py's own objects take five times as long to make, and a
# block of jets is read from thirty datasets.


def _member(group: h5py.Group, name: str, where: str, kind: type, what: str) -> Any:
    encoded, links = name.encode(), group.id.links
    if not links.exists(encoded):
        raise ValueError(f"{where}: missing, expected a {what}")
    if links.get_info(encoded).type != h5py.h5l.TYPE_HARD:
        raise ValueError(f"{where}: a link to elsewhere, expected a {what} in this file")
    member = h5py.h5o.open(group.id, encoded)
    if not isinstance(member, kind):
        raise ValueError(f"{where}: something else, expected a {what}")
    return member


def _stored(
    group: h5py.Group, name: str, dtype: np.dtype[Any], ndim: int
) -> tuple[Any, tuple[int, ...]]:
    """Give a dataset as HDF5 knows it, and its shape, after all checks that read no value."""
    where = f"{group.name}/{name}"
    stored = _member(group, name, where, h5py.h5d.DatasetID, "dataset")
    if stored.dtype != dtype:
        raise ValueError(f"{where}: has values of type {stored.dtype}, expected {dtype}")
    space = stored.get_space()
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        raise ValueError(f"{where}: is empty and has no shape, expected an array")
    shape: tuple[int, ...] = space.get_simple_extent_dims()
    if len(shape) != ndim:
        raise ValueError(f"{where}: has the shape {shape}, expected {ndim} axes")
    _check_storage(stored, where, shape, dtype.itemsize)
    return stored, shape


def _read(stored: Any, dtype: np.dtype[Any], spans: Sequence[Span]) -> Array:
    bounds = list(accumulate((stop - start for start, stop in spans), initial=0))
    values = recycled.empty(bounds[-1], dtype)
    space = stored.get_space()
    for (start, stop), low, high in zip(spans, bounds[:-1], bounds[1:], strict=True):
        if stop > start:
            space.select_hyperslab((start,), (stop - start,))
            stored.read(h5py.h5s.create_simple((stop - start,)), space, values[low:high])
    return values


def _check_storage(stored: Any, where: str, shape: tuple[int, ...], item_bytes: int) -> None:
    """Refuse values that lie in other files, were never written, or cannot fit into the file."""
    plan = stored.get_create_plist()
    layout = plan.get_layout()
    if plan.get_external_count() or layout == h5py.h5d.VIRTUAL:
        raise ValueError(f"{where}: its values lie in another file, expected them in this")
    declared = math.prod(shape) * item_bytes
    if declared > _SLACK:
        in_file = h5py.h5i.get_file_id(stored).get_filesize()
        if declared > MAX_RATIO * in_file + _SLACK:
            raise ValueError(
                f"{where}: declares {declared} bytes in a file of {in_file}, which is absurd"
            )
    if layout == h5py.h5d.CHUNKED:
        chunks = plan.get_chunk()
        if math.prod(chunks) * item_bytes > _MAX_CHUNK:
            raise ValueError(
                f"{where}: is stored in chunks of {chunks} values, expected at most {_MAX_CHUNK} "
                "bytes each"
            )
        expected = math.prod(
            -(-length // chunk) for length, chunk in zip(shape, chunks, strict=True)
        )
        found = stored.get_num_chunks()
        if found != expected:
            raise ValueError(
                f"{where}: {found} of its {expected} chunks are stored; the others were never "
                "written"
            )
    elif declared and layout == h5py.h5d.CONTIGUOUS and not stored.get_offset():
        raise ValueError(f"{where}: declares {declared} bytes, and none is stored")
