"""One number for a dataset's content, the same however it is cut into shards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import CONSTITUENTS, DECAYS, INITIATORS, JETS, Column
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, Columns

_BLOCK = 10_000
_SIZE = 32
_DIGEST = np.dtype(f"S{_SIZE}")


def digest(*datasets: Dataset) -> str:
    """Hash all rows in all views; of several datasets, as if they were one.

    Each row in each view is hashed by itself (BLAKE2b over the bytes of all columns, those of its
    initiator, decay products, constituents and further weights included; process and label by
    name), and the sorted hashes are hashed together. So neither shards nor the order of rows
    matter, nor the files' compression, and any changed value does.

    Returns
    -------
    str
        SHA-256, as 64 hexadecimal digits.
    """
    total = sum(len(dataset) * len(dataset.views) for dataset in datasets)
    # 3.2 GB for 100 M jets, so they are sorted and hashed where they are.
    digests = np.empty(total, _DIGEST)
    done = 0
    for dataset in datasets:
        for block in dataset.blocks(_BLOCK):
            for view in dataset.views:
                digests[done : done + len(block)] = _digests(block, view)
                done += len(block)
    digests.sort()
    # The sorted hashes are hashed as little-endian words.
    words = digests.view(np.uint64).byteswap(inplace=True)
    return hashlib.sha256(words.data).hexdigest()


def _digests(block: Dataset, view: str) -> npt.NDArray[np.bytes_]:
    """Hash the rows of one view, (n_rows,)."""
    names = [column for column in INITIATORS if column.name not in ("process", "label")]
    process, label = block.initiators["process"], block.initiators["label"]
    pieces = (
        _rows(names, block.initiators),
        _items(DECAYS, *block.decays()),
        _jets(block.jets(view)),
        _items(CONSTITUENTS, *block.constituents(view)),
    )
    weights = _weights(block)
    digests = bytearray()
    for row, parts in enumerate(zip(*pieces, strict=True)):
        name = f"{block.processes[process[row]]}\0{block.labels[label[row]]}\0{view}\0"
        one = hashlib.blake2b(name.encode(), digest_size=_SIZE)
        for part in parts:
            # Lengths keep bytes of one table from passing for those of the next.
            one.update(len(part).to_bytes(8, "little"))
            one.update(part)
        one.update(weights[row])
        digests += one.digest()
    return np.frombuffer(digests, _DIGEST)


def _jets(table: Columns) -> Iterator[memoryview]:
    """Give the bytes of each row; shards of an older format version have fewer columns."""
    return _rows([column for column in JETS if column.name in table], table)


def _rows(columns: Sequence[Column], table: Columns) -> Iterator[memoryview]:
    """Give the bytes of each row, all columns side by side."""
    width, packed = _packed(columns, table)
    return (packed[i : i + width] for i in range(0, len(packed), width))


def _items(columns: Sequence[Column], offsets: I8, table: Columns) -> Iterator[memoryview]:
    """Give the bytes of each row's items, all columns side by side."""
    width, packed = _packed(columns, table)
    bounds = (offsets * width).tolist()
    return (packed[i:j] for i, j in pairwise(bounds))


def _weights(block: Dataset) -> list[bytes]:
    """Give the further weights of each row, with their names; nothing where there are none."""
    names = np.array(sorted(block.weights), object)
    values = np.array([block.weights[name] for name in names]).reshape(len(names), len(block)).T
    given = ~np.isnan(values)
    return [
        "\0".join(names[here]).encode() + row[here].tobytes()
        for row, here in zip(values, given, strict=True)
    ]


def _packed(columns: Sequence[Column], table: Columns) -> tuple[int, memoryview]:
    dtype = np.dtype([(column.name, column.numpy_dtype) for column in columns])
    packed = np.empty(len(table[columns[0].name]), dtype)
    for column in columns:
        packed[column.name] = table[column.name]
    return dtype.itemsize, memoryview(packed.tobytes())
