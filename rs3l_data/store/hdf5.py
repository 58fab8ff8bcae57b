"""Our HDF5 files: how every kind of them is created, opened, compressed and checked."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import h5py
import hdf5plugin
import numpy as np

from rs3l_data.describe.schema import FORMAT, FORMAT_VERSION, Column
from rs3l_data.describe.strict import nearest
from rs3l_data.errors import InputFileError
from rs3l_data.store import runs, seal
from rs3l_data.store.atomic import atomic_write
from rs3l_data.store.disk import Disk
from rs3l_data.store.faults import why_not_read
from rs3l_data.store.guard import read_column, read_offsets
from rs3l_data.store.runs import Span, indices_of, spans_of
from rs3l_data.store.tables import (
    I8,
    Array,
    Columns,
    chosen_of,
    concatenate_offsets,
    take_items,
)

Kind = Literal["shard", "view", "hard", "pileup", "embedding"]
Compression = Literal["blosc2", "gzip", "none"]

# Blosc2's filter would start a thread for each core of the machine, anew for each chunk, which
# takes several times as long as to compress a chunk.
os.environ.setdefault("BLOSC_NTHREADS", "1")

# Any HDF5 since 1.10 (2016) reads this, and small datasets take a fraction of the old overhead.
_LIBVER = ("v110", "v110")
# Values of a chunk: many enough to read fast, few enough that a run of rows is read without many
# others. A row of jets has some forty items.
ROWS_CHUNK = 1 << 13
ITEMS_CHUNK = 1 << 16
_MAX_CHUNK_BYTES = 1 << 20
# Chunks are written whole, and read once: in HDF5's cache they would only fill fresh memory.
_NO_CACHE = {"rdcc_nbytes": 0}
# From this share of zeros on, LZ4 finds runs of them worth its while.
_SPARSE = 0.25
# What h5py raises at the faults of a file: fuzzing has seen them all.
_DAMAGE = (
    *(OSError, RuntimeError, KeyError, ValueError, TypeError),
    *(AttributeError, IndexError, OverflowError, MemoryError),
)
# Kinds whose values HDF5 compares with checksums when it reads them. What a run hands on has no
# manifest that would know its bytes; its own metadata HDF5 checks in every file.
_CHECKED: tuple[Kind, ...] = ("hard", "view", "pileup")
_AGAIN = "fetch or make the file again"


@contextmanager
def create(
    path: Path, kind: Kind, attributes: Mapping[str, Any], format_version: str = FORMAT_VERSION
) -> Iterator[h5py.File]:
    """Create a file that appears at ``path`` when the block ends well.

    Parameters
    ----------
    attributes
        Anything that JSON can hold; each becomes a root attribute that holds it as JSON.
    format_version
        Another than the newest for what was read from files of an older one.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    with creating(path, kind, attributes, format_version) as (file, _):
        yield file


@contextmanager
def creating(
    path: Path, kind: Kind, attributes: Mapping[str, Any], format_version: str = FORMAT_VERSION
) -> Iterator[tuple[h5py.File, Disk]]:
    """Create a file as `create` does, little by little: ask the disk now and then.

    Yields
    ------
    The open file, and the disk below it, whose `check` tells that something was not written.
    """
    with atomic_write(path) as temporary, temporary.open("w+b") as raw:
        disk = Disk(raw)
        before = seal.SIZE if kind == "shard" else 0
        try:
            with h5py.File(disk, "w", libver=_LIBVER, userblock_size=before, **_NO_CACHE) as file:
                file.attrs["format"] = FORMAT
                file.attrs["format_version"] = format_version
                file.attrs["kind"] = kind
                for name in sorted(attributes):
                    file.attrs[name] = json.dumps(attributes[name], ensure_ascii=False)
                yield file, disk
        finally:
            disk.check()
        if kind == "shard":
            seal.seal(raw)


@contextmanager
def reading(path: Path, kind: Kind) -> Iterator[h5py.File]:
    """Open a file of one of our kinds; a fault of HDF5 in the block is a damaged file.

    Raises
    ------
    InputFileError
        If the file is missing, no HDF5, truncated, foreign, of another kind or of another major
        format version, or if something in it is missing.
    """
    with _opened(path) as file:
        try:
            _check_format(file, path, kind)
            yield file
        except _DAMAGE as error:
            damaged = f"{path}: damaged: {error or type(error).__name__}; {_AGAIN}"
            raise InputFileError(why_not_read(path, error) or damaged) from error


def read_attributes(file: h5py.File) -> dict[str, Any]:
    """Read the root attributes that `create` was given.

    Raises
    ------
    ValueError
        If one is no text that holds JSON.
    """
    own = ("format", "format_version", "kind")
    return {name: read_json(file, name) for name in file.attrs if name not in own}


def read_json(place: h5py.Group, name: str) -> Any:
    """Read an attribute that holds JSON.

    Raises
    ------
    ValueError
        If it is missing, or no text that holds JSON.
    """
    text = place.attrs.get(name)
    if not isinstance(text, str):
        raise ValueError(f"attribute '{name}': found {type(text).__name__}, expected text in JSON")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"attribute '{name}': no JSON: {error}") from None


def read_names(attributes: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Give an attribute that lists names, each of which can be the name of a group.

    Raises
    ------
    ValueError
        If it is no such list, or a name comes twice.
    """
    names = attributes.get(name)
    if not isinstance(names, list) or not all(map(_is_name, names)):
        raise ValueError(f"attribute '{name}': found {names!r:.200}, expected a list of names")
    if len(set(names)) < len(names):
        raise ValueError(f"attribute '{name}': a name comes twice in {names!r:.200}")
    return tuple(names)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name not in ("", ".") and not set(name) & {"/", "\0"}


def write_columns(
    group: h5py.Group,
    columns: Sequence[Column],
    table: Columns,
    compression: Compression,
    items: bool = False,
) -> None:
    """Write a table, one dataset a column, each with its unit and meaning as attributes.

    Parameters
    ----------
    items
        Whether these are items, many of which belong to one row of another table.

    Raises
    ------
    ValueError
        If the table's columns or their types are not those of the schema.
    """
    check_columns(group, columns, table)
    chunk = ITEMS_CHUNK if items else ROWS_CHUNK
    for column in columns:
        describe(write_dataset(group, column.name, table[column.name], compression, chunk), column)


def check_columns(group: h5py.Group, columns: Sequence[Column], table: Columns) -> None:
    """Compare a table with the schema.

    Raises
    ------
    ValueError
        If the table's columns or their types are not those of the schema.
    """
    names = [column.name for column in columns]
    if sorted(names) != sorted(table):
        raise ValueError(f"{group.name}: expected the columns {names}, found {list(table)}")
    for column in columns:
        found = table[column.name].dtype
        if found != column.numpy_dtype:
            raise ValueError(
                f"{group.name}/{column.name}: expected {column.numpy_dtype}, found {found}"
            )


def describe(dataset: h5py.Dataset, column: Column) -> None:
    """Attach a column's unit and meaning."""
    dataset.attrs["unit"] = column.unit
    dataset.attrs["meaning"] = column.meaning


def write_offsets(group: h5py.Group, offsets: I8, compression: Compression) -> None:
    """Write the offsets of a table of items."""
    write_dataset(group, "offsets", offsets.astype("<i8"), compression)


def read_columns(group: h5py.Group, columns: Sequence[Column], rows: I8) -> Columns:
    """Read the given rows, which rise, of some columns.

    Raises
    ------
    ValueError
        If a column is not as the schema says, or shorter.
    """
    spans = spans_of(rows, runs.FAR_ROWS)
    table = {column.name: read_column(group, column, spans) for column in columns}
    chosen = _places(rows, spans)
    if chosen is None:
        return table
    return {name: column.take(chosen) for name, column in table.items()}


def read_items(group: h5py.Group, columns: Sequence[Column], rows: I8) -> tuple[I8, Columns]:
    """Read the items of the given rows, which rise.

    Returns
    -------
    offsets : (n_rows + 1,)
    columns : (n_items,) each

    Raises
    ------
    ValueError
        If offsets fall or point outside, or a column is not as the schema says.
    """
    spans = spans_of(rows, runs.FAR_WITH_ITEMS)
    found, to_the_end = read_offsets(group, spans)
    items = [(int(offsets[0]), int(offsets[-1])) for offsets in found]
    table = {c.name: read_column(group, c, items, to_the_end) for c in columns}
    offsets = found[0] - found[0][0] if len(found) == 1 else concatenate_offsets(found)
    places = _places(rows, spans)
    if places is None:
        return offsets, table
    offsets, chosen = take_items(offsets, places)
    return offsets, {name: chosen_of(column, chosen) for name, column in table.items()}


def _places(rows: I8, spans: Sequence[Span]) -> I8 | None:
    """Find rows among those that the spans cover; None if they are the same."""
    if sum(stop - start for start, stop in spans) == len(rows):
        return None
    return np.searchsorted(indices_of(spans), rows)


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
    raise ValueError(f"compression '{compression}': {nearest(compression, _compressions())}")


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


def _compressions() -> list[str]:
    return list(get_args(Compression))


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        # Our files never change, so a lock has no use, and some cluster file systems refuse it.
        file = h5py.File(path, "r", locking=False, **_NO_CACHE)
    except FileNotFoundError:
        raise InputFileError(f"{path}: no such file") from None
    except PermissionError:
        raise InputFileError(f"{path}: no permission to read it") from None
    except OSError as error:
        if path.is_dir():
            raise InputFileError(f"{path}: a folder, expected an HDF5 file") from None
        if lost := why_not_read(path, error):
            raise InputFileError(lost) from None
        if h5py.is_hdf5(path):
            raise InputFileError(f"{path}: truncated or damaged: {error}; {_AGAIN}") from None
        raise InputFileError(f"{path}: not an HDF5 file, or its beginning is damaged") from None
    with file:
        yield file


def _check_format(file: h5py.File, path: Path, kind: Kind) -> None:
    found = file.attrs.get("format")
    if not isinstance(found, str) or found != FORMAT:
        raise InputFileError(
            f"{path}: an HDF5 file, but not of ours: the root attribute 'format' is {found!r}, "
            f"expected {FORMAT!r}"
        )
    check_version(str(file.attrs.get("format_version")), path)
    of_kind = str(file.attrs.get("kind"))
    if of_kind != kind:
        raise InputFileError(f"{path}: expected a file of kind '{kind}', found '{of_kind}'")


def check_version(found: str, path: Path) -> None:
    """Accept every version with our major number.

    Raises
    ------
    InputFileError
        If it is no version, or the major number is another.
    """
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}", found, re.ASCII):
        raise InputFileError(f"{path}: format version '{found:.40}', expected two numbers as 1.1")
    if found.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise InputFileError(
            f"{path}: format version {found}, and this package reads {FORMAT_VERSION}; "
            "install the version of rs3l that wrote it"
        )
