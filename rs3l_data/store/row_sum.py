"""A sum of hashes: what some rows add to the digest of a dataset, whichever shard they are in.

Each row in each view is hashed by itself, and the hashes are added up as integers modulo 2^512
("AdHash": Bellare and Micciancio 1997, doi:10.1007/3-540-69053-0_13). So the sums of parts add up
to that of the whole, nothing is sorted or kept, and a row that is there twice counts twice. Any
accidental difference changes the sum. It is no guard against forgery: who may choose many rows
freely finds others of the same sum far sooner than two that have the same hash. The SHA-256 of
each file, in the manifest, is what guards against that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import CONSTITUENTS, DECAYS, INITIATORS, JETS, Column
from rs3l_data.events.weights import Weights
from rs3l_data.store.tables import I8, Columns, Initiators, View, cut

ALGORITHM = "adhash-blake2b-512"
"""What a manifest calls this; another name if ever a row is hashed in another way"""
_SIZE = 64
_HASH = np.dtype(f"V{_SIZE}")
_MODULUS = 1 << 8 * _SIZE
# Rows whose bytes stay in the processor's cache between their packing and their hashing.
_PART = 1024

Hashes = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class RowSum:
    """Hashes of rows in views, added up.

    >>> RowSum(3, 1) + RowSum(4, 2)
    RowSum(total=7, n=3)
    """

    total: int = 0
    """Modulo 2^512"""
    n: int = 0
    """How many hashes"""

    def __add__(self, other: RowSum) -> RowSum:
        """Give the sum of the rows of both."""
        return RowSum((self.total + other.total) % _MODULUS, self.n + other.n)

    def to_text(self) -> str:
        """Write the sum in 128 hexadecimal digits."""
        return f"{self.total:0{2 * _SIZE}x}"

    def digest(self) -> str:
        """Hash the sum and the number, to 64 hexadecimal digits."""
        text = self.total.to_bytes(_SIZE, "little") + self.n.to_bytes(8, "little")
        return hashlib.sha256(text).hexdigest()


def initiator_hashes(
    initiators: Initiators,
    processes: Sequence[str],
    labels: Sequence[str],
    weights: Weights | None = None,
) -> Hashes:
    """Hash what all views of a row share: its initiator, decay products and further weights.

    Parameters
    ----------
    processes, labels
        What the columns `process` and `label` index: names are hashed, because each shard numbers
        them in its own way.

    Returns
    -------
    (n_rows,) hashes of 64 bytes
    """
    columns = [column for column in INITIATORS if column.name not in ("process", "label")]
    start = hashlib.blake2b(_meaning("initiators", columns, DECAYS))
    names = [[json.dumps([process, label]).encode() for label in labels] for process in processes]
    digests = bytearray()
    for first in range(0, len(initiators), _PART):
        part = cut(initiators, first, min(first + _PART, len(initiators)))
        codes = zip(part.columns["process"].tolist(), part.columns["label"].tolist(), strict=True)
        records = _bytes_of_rows(columns, part.columns, np.diff(part.offsets))
        items = _bytes_of_items(DECAYS, part.decays, part.offsets)
        further = _bytes_of_weights(weights, first, len(part))
        for (process, label), record, decays, more in zip(
            codes, records, items, further, strict=True
        ):
            one = start.copy()
            one.update(record)
            one.update(decays)
            one.update(names[process][label] + more)
            digests += one.digest()
    return np.frombuffer(digests, _HASH)


def view_sum(name: str, hashes: Hashes, view: View) -> RowSum:
    """Hash each row in one view, and add the hashes up.

    Parameters
    ----------
    name
        Of the view.
    hashes
        (n_rows,) of the same rows, as `initiator_hashes` gives them.

    Raises
    ------
    ValueError
        If there is not one hash to each row.
    """
    if len(hashes) != len(view):
        raise ValueError(f"{len(hashes)} hashes of initiators, but {len(view)} rows of a view")
    # Shards of an older format version have fewer columns.
    columns = [column for column in JETS if column.name in view.jets]
    start = hashlib.blake2b(_meaning(name, columns, CONSTITUENTS))
    total = 0
    for first in range(0, len(view), _PART):
        part = cut(view, first, min(first + _PART, len(view)))
        own = hashes[first : first + len(part)]
        records = _bytes_of_rows(columns, part.jets, np.diff(part.offsets), own)
        items = _bytes_of_items(CONSTITUENTS, part.constituents, part.offsets)
        digests = bytearray()
        for record, constituents in zip(records, items, strict=True):
            one = start.copy()
            one.update(record)
            one.update(constituents)
            digests += one.digest()
        total += _added(digests)
    return RowSum(total % _MODULUS, len(view))


def _meaning(name: str, columns: Sequence[Column], items: Sequence[Column]) -> bytes:
    """Say what the bytes of a row are, which no row of another kind says."""
    kinds = [
        [(column.name, column.numpy_dtype.str) for column in table] for table in (columns, items)
    ]
    return json.dumps([name, *kinds]).encode()


def _added(digests: bytearray) -> int:
    """Add hashes up, as little-endian integers."""
    # Sums of 32 bits of some thousand hashes fit into 64 bits.
    words = np.frombuffer(digests, "<u4").reshape(-1, _SIZE // 4).sum(axis=0, dtype=np.uint64)
    return sum(word << 32 * place for place, word in enumerate(words.tolist()))


def _bytes_of_rows(
    columns: Sequence[Column], table: Columns, n_items: I8, hashes: Hashes | None = None
) -> Iterator[memoryview]:
    """Give the bytes of each row: all columns side by side, and how many items it has."""
    more: Columns = {"n_items": n_items.astype("<i8")}
    if hashes is not None:
        more["initiator"] = hashes
    width, packed = _packed({**more, **{column.name: table[column.name] for column in columns}})
    return (packed[i : i + width] for i in range(0, len(packed), width))


def _bytes_of_items(columns: Sequence[Column], table: Columns, offsets: I8) -> Iterator[memoryview]:
    """Give the bytes of each row's items, all columns side by side."""
    width, packed = _packed({column.name: table[column.name] for column in columns})
    return (packed[i:j] for i, j in pairwise((offsets * width).tolist()))


def _packed(columns: Columns) -> tuple[int, memoryview]:
    fields: list[tuple[str, np.dtype[Any]]] = [(name, c.dtype) for name, c in columns.items()]
    records = np.empty(len(next(iter(columns.values()))), fields)
    for name, column in columns.items():
        records[name] = column
    return records.itemsize, memoryview(records.view(np.uint8).data)


def _bytes_of_weights(weights: Weights | None, first: int, n_rows: int) -> Iterator[bytes]:
    """Give the further weights of each row that are numbers, with their names in order."""
    if weights is None:
        return iter([b""] * n_rows)
    names = sorted(weights.names)
    order = [weights.names.index(name) for name in names]
    values = weights.values[first : first + n_rows, order].astype("<f8")
    return (_bytes_of_named(names, row) for row in values)


def _bytes_of_named(names: Sequence[str], values: npt.NDArray[np.float64]) -> bytes:
    given = ~np.isnan(values)
    if not given.any():
        return b""
    named = [name for name, here in zip(names, given, strict=True) if here]
    return json.dumps(named).encode() + values[given].tobytes()
