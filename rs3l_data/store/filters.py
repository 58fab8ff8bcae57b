"""How an array lies in a file: in which chunks, compressed how, with checksums or without."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

import h5py
import hdf5plugin
import numpy as np

from rs3l_data.describe.strict import nearest
from rs3l_data.store.tables import Array

Compression = Literal["blosc2", "gzip", "none"]

# Values of a chunk: many enough to read fast, few enough that a run of rows is read without many
# others. A row of jets has some forty items.
ROWS_CHUNK = 1 << 13
ITEMS_CHUNK = 1 << 16
_MAX_CHUNK_BYTES = 1 << 20
# From this share of zeros on, LZ4 finds runs of them worth its while.
_SPARSE = 0.25
# Kinds whose values HDF5 compares with checksums when it reads them. What a run hands on has no
# manifest that would know its bytes; its own metadata HDF5 checks in every file.
_CHECKED = ("hard", "view", "pileup")


def compression_in(config: Mapping[str, Any]) -> Compression:
    """Tell how a dataset's shards were to be compressed: its config says so, or Blosc2."""
    found = config.get("store", {}).get("compression", "blosc2")
    known: tuple[Compression, ...] = get_args(Compression)
    return next((name for name in known if name == found), "blosc2")


def write_dataset(
    group: h5py.Group,
    name: str,
    data: Array,
    compression: Compression,
    chunk: int = ROWS_CHUNK,
    grows: bool = False,
) -> h5py.Dataset:
    """Write an array, in chunks of so many rows along its first axis.

    Parameters
    ----------
    grows
        Whether more rows are to come.
    """
    if not data.size:
        # HDF5 keeps no chunk for an empty dataset, and wants none.
        return group.create_dataset(name, data=data, track_times=False)
    checked = group.file.attrs["kind"] in _CHECKED
    layout = {"chunks": _chunk(data, chunk), "fletcher32": checked, **_filters(data, compression)}
    if grows:
        layout["maxshape"] = (None, *data.shape[1:])
    return group.create_dataset(name, data=data, track_times=False, **layout)


def _chunk(data: Array, length: int) -> tuple[int, ...]:
    row_bytes = data.dtype.itemsize * math.prod(data.shape[1:])
    longest = max(1, _MAX_CHUNK_BYTES // max(1, row_bytes))
    return (min(len(data), length, longest), *data.shape[1:])


def _filters(data: Array, compression: Compression) -> dict[str, Any]:
    if compression == "blosc2":
        return dict(_blosc2(data))
    if compression == "gzip":
        return {"compression": "gzip", "compression_opts": 4, "shuffle": True}
    if compression == "none":
        return {}
    raise ValueError(f"compression '{compression}': {nearest(compression, get_args(Compression))}")


def _blosc2(data: Array) -> hdf5plugin.Blosc2:
    """Choose what reads fastest for hardly more bytes: see benchmarks/store_*.md."""
    if data.dtype.itemsize == 1:
        # Categories and charges are a few bits: as small as by Zstandard, in a third of its time.
        return hdf5plugin.Blosc2(cname="lz4", clevel=5, filters=hdf5plugin.Blosc2.BITSHUFFLE)
    if data.dtype.kind == "f" and np.count_nonzero(data) < (1 - _SPARSE) * data.size:
        # Impact parameters, 0 without a track: runs of zeros between numbers that do not compress.
        return hdf5plugin.Blosc2(cname="lz4", clevel=9, filters=hdf5plugin.Blosc2.NOFILTER)
    # Zstandard saves 5 % of these, and takes twice as long to read.
    return hdf5plugin.Blosc2(cname="lz4", clevel=5, filters=hdf5plugin.Blosc2.SHUFFLE)
