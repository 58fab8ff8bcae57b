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
from typing import Any

import h5py
import numpy as np

from rs3l_data.describe.schema import Column
from rs3l_data.store.runs import Span, indices_of
from rs3l_data.store.tables import I8, Array, offsets_of

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
        group = _member(group, name, h5py.Group, "group")
    return group


def dataset_at(group: h5py.Group, name: str, dtype: np.dtype[Any], ndim: int = 1) -> h5py.Dataset:
    """Give a dataset, after all checks that read no value.

    Raises
    ------
    ValueError
        If it is missing, no dataset, elsewhere, of another type or shape, or declares more than is
        stored.
    """
    dataset = _member(group, name, h5py.Dataset, "dataset")
    if dataset.dtype != dtype:
        raise ValueError(f"{dataset.name}: has values of type {dataset.dtype}, expected {dtype}")
    if dataset.ndim != ndim:
        raise ValueError(f"{dataset.name}: has the shape {dataset.shape}, expected {ndim} axes")
    _check_storage(dataset)
    return dataset


def read_column(group: h5py.Group, column: Column, spans: Sequence[Span]) -> Array:
    """Read some spans of a column, which rise, one after the other.

    Raises
    ------
    ValueError
        If the column is not as the schema says, or shorter.
    """
    dataset = dataset_at(group, column.name, column.numpy_dtype)
    if len(dataset) < spans[-1][1]:
        raise ValueError(
            f"{dataset.name}: has {len(dataset)} values, shorter than its offsets or rows say: "
            f"expected at least {spans[-1][1]}"
        )
    values = _read(dataset, spans)
    if values.dtype == np.bool_ and np.any(values.view(np.uint8) > 1):
        row = int(indices_of(spans)[np.argmax(values.view(np.uint8) > 1)])
        raise ValueError(f"{dataset.name}, row {row}: is neither true nor false")
    return values


def read_offsets(group: h5py.Group, spans: Sequence[Span]) -> list[I8]:
    """Read the offsets of some spans of rows, which rise: (stop - start + 1,) each.

    Raises
    ------
    ValueError
        If they are not all there, negative, fall, or do not start at 0.
    """
    dataset = dataset_at(group, "offsets", np.dtype("<i8"))
    if len(dataset) < spans[-1][1] + 1:
        raise ValueError(
            f"{dataset.name}: has {len(dataset)} values, expected at least {spans[-1][1] + 1}: one "
            "more than rows"
        )
    found: list[I8] = []
    least = 0
    for start, stop in spans:
        offsets: I8 = dataset[start : stop + 1]
        if start == 0 and offsets[0] != 0:
            raise ValueError(f"{dataset.name}, row 0: starts at {offsets[0]}, expected 0")
        # A difference of two hostile numbers may overflow; a comparison does not.
        falls = offsets[1:] < offsets[:-1]
        if np.any(falls) or offsets[0] < least:
            row = int(np.argmax(falls)) if np.any(falls) else 0
            raise ValueError(
                f"{dataset.name}, row {start + row}: goes from {offsets[row]} to "
                f"{offsets[min(row + 1, len(offsets) - 1)]}, expected offsets that never fall "
                f"below {least} or each other"
            )
        found.append(offsets)
        least = int(offsets[-1])
    return found


def n_values(group: h5py.Group, column: Column) -> int:
    """Count the values of a column without reading one.

    Raises
    ------
    ValueError
        If the column is not as the schema says.
    """
    return len(dataset_at(group, column.name, column.numpy_dtype))


def _member(group: h5py.Group, name: str, kind: type, what: str) -> Any:
    where = f"{group.name.rstrip('/')}/{name}"
    link = group.get(name, getlink=True)
    if link is None:
        raise ValueError(f"{where}: missing, expected a {what}")
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"{where}: a link to elsewhere, expected a {what} in this file")
    member = group[name]
    if not isinstance(member, kind):
        raise ValueError(f"{where}: something else, expected a {what}")
    return member


def _read(dataset: h5py.Dataset, spans: Sequence[Span]) -> Array:
    if len(spans) == 1:
        values: Array = dataset[slice(*spans[0])]
        return values
    bounds = offsets_of(np.array([stop - start for start, stop in spans]))
    values = np.empty(bounds[-1], dataset.dtype)
    for (start, stop), low, high in zip(spans, bounds[:-1], bounds[1:], strict=True):
        # Straight to its place: to touch new memory costs half as much as to decode into it.
        if stop > start:
            dataset.read_direct(values, np.s_[start:stop], np.s_[int(low) : int(high)])
    return values


def _check_storage(dataset: h5py.Dataset) -> None:
    """Refuse values that lie in other files, were never written, or cannot fit into the file."""
    if dataset.shape is None:
        raise ValueError(f"{dataset.name}: is empty and has no shape, expected an array")
    layout = dataset.id.get_create_plist()
    if layout.get_external_count() or dataset.is_virtual:
        raise ValueError(f"{dataset.name}: its values lie in another file, expected them in this")
    declared = math.prod(dataset.shape) * dataset.dtype.itemsize
    stored = dataset.file.id.get_filesize()
    if declared > MAX_RATIO * stored + _SLACK:
        raise ValueError(
            f"{dataset.name}: declares {declared} bytes in a file of {stored}, which is absurd"
        )
    if dataset.chunks is not None:
        if math.prod(dataset.chunks) * dataset.dtype.itemsize > _MAX_CHUNK:
            raise ValueError(
                f"{dataset.name}: is stored in chunks of {dataset.chunks} values, expected at most "
                f"{_MAX_CHUNK} bytes each"
            )
        expected = math.prod(
            -(-length // chunk) for length, chunk in zip(dataset.shape, dataset.chunks, strict=True)
        )
        found = dataset.id.get_num_chunks()
        if found != expected:
            raise ValueError(
                f"{dataset.name}: {found} of its {expected} chunks are stored; the others were "
                "never written"
            )
    elif declared and layout.get_layout() == h5py.h5d.CONTIGUOUS and not dataset.id.get_offset():
        raise ValueError(f"{dataset.name}: declares {declared} bytes, and none is stored")
