"""Rows with items in memory: jets with their constituents, initiators with their decays.

Row ``i`` owns the slice ``offsets[i]:offsets[i + 1]`` of every item column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from rs3l_data.offsets import offsets_of
from rs3l_data.store import recycled

Array = npt.NDArray[Any]
Columns = dict[str, Array]
I8 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class View:
    """The jets of one view and their constituents.

    Raises
    ------
    ValueError
        If the columns and the offsets do not belong together.
    """

    jets: Columns
    """(n_rows,) each"""
    constituents: Columns
    """(n_constituents,) each"""
    offsets: I8
    """(n_rows + 1,)"""

    def __post_init__(self) -> None:
        _check(self.jets, self.constituents, self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True)
class Initiators:
    """The initiators and their final decay products.

    Raises
    ------
    ValueError
        If the columns and the offsets do not belong together.
    """

    columns: Columns
    """(n_rows,) each"""
    decays: Columns
    """(n_decays,) each"""
    offsets: I8
    """(n_rows + 1,)"""

    def __post_init__(self) -> None:
        _check(self.columns, self.decays, self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1


T = TypeVar("T", View, Initiators)


def take(table: T, rows: I8) -> T:
    """Copy the given rows, in the given order, with their items.

    Parameters
    ----------
    rows
        (n,) indices, not negative; a row may come more than once.
    """
    flat, items, offsets = _parts(table)
    offsets, chosen = take_items(offsets, rows)
    return type(table)(
        {name: column.take(rows) for name, column in flat.items()},
        {name: chosen_of(column, chosen) for name, column in items.items()},
        offsets,
    )


def cut(table: T, start: int, stop: int) -> T:
    """Cut the rows ``start`` to ``stop`` out, without a copy of the columns."""
    flat, items, offsets = _parts(table)
    offsets = offsets[start : stop + 1]
    inside = slice(offsets[0], offsets[-1])
    return type(table)(
        {name: column[start:stop] for name, column in flat.items()},
        {name: column[inside] for name, column in items.items()},
        offsets - offsets[0],
    )


def concatenate(tables: Sequence[T]) -> T:
    """Join tables with the same columns, one after the other.

    Raises
    ------
    ValueError
        If there is none, or their columns differ.
    """
    if not tables:
        raise ValueError("there is no table to concatenate")
    if len(tables) == 1:
        return tables[0]
    flat, items, offsets = zip(*map(_parts, tables), strict=True)
    return type(tables[0])(
        concatenate_columns(flat), concatenate_columns(items), concatenate_offsets(offsets)
    )


def concatenate_columns(tables: Sequence[Columns]) -> Columns:
    """Join columns of the same names, one table after the other.

    Raises
    ------
    ValueError
        If the names differ.
    """
    if any(table.keys() != tables[0].keys() for table in tables):
        found = [sorted(table) for table in tables]
        raise ValueError(f"tables to concatenate must have the same columns, found {found}")
    if len(tables) == 1:
        return dict(tables[0])
    return {name: _concatenated([table[name] for table in tables]) for name in tables[0]}


def _concatenated(columns: Sequence[Array]) -> Array:
    joined = recycled.empty(sum(map(len, columns)), np.result_type(*columns))
    return np.concatenate(columns, out=joined)


def concatenate_offsets(offsets: Sequence[I8]) -> I8:
    """Join the offsets of tables that come one after the other."""
    counts = [np.diff(one) for one in offsets]
    return offsets_of(np.concatenate(counts))


def join(parts: Sequence[tuple[I8, Columns]]) -> tuple[I8, Columns]:
    """Join offsets and their items' columns, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    offsets, columns = zip(*parts, strict=True)
    return concatenate_offsets(offsets), concatenate_columns(columns)


def take_items(offsets: I8, rows: I8) -> tuple[I8, I8]:
    """Find the items of the given rows.

    Returns
    -------
    new_offsets : (n + 1,)
        The rows' slices of ``chosen``.
    chosen : (n_items,)
        Indices into the item columns.
    """
    starts = offsets[rows]
    counts = offsets[rows + 1] - starts
    new_offsets = offsets_of(counts)
    chosen = recycled.empty(int(new_offsets[-1]), np.int64)
    # Steps of 1, and at the first item of a row the leap from the last item of the row before.
    chosen.fill(1)
    filled = np.flatnonzero(counts)
    begins = starts[filled]
    leaps = begins.copy()
    leaps[1:] -= begins[:-1] + counts[filled[:-1]] - 1
    chosen[new_offsets[filled]] = leaps
    return new_offsets, np.cumsum(chosen, out=chosen)


def chosen_of(column: Array, chosen: I8) -> Array:
    """Copy the items that `take_items` found."""
    # Indices that are known to be inside need not be checked, and fill an array that there is.
    out = recycled.empty(len(chosen), column.dtype)
    return column.take(chosen, out=out, mode="clip")


def _parts(table: View | Initiators) -> tuple[Columns, Columns, I8]:
    if isinstance(table, View):
        return table.jets, table.constituents, table.offsets
    return table.columns, table.decays, table.offsets


def _check(flat: Columns, items: Columns, offsets: I8) -> None:
    if offsets.ndim != 1 or len(offsets) == 0 or offsets[0] != 0 or np.any(np.diff(offsets) < 0):
        raise ValueError("offsets must be one array that starts at 0 and never falls")
    for columns, expected in ((flat, len(offsets) - 1), (items, int(offsets[-1]))):
        for name, column in columns.items():
            if column.shape != (expected,):
                raise ValueError(
                    f"column '{name}' has shape {column.shape}; by the offsets it is ({expected},)"
                )
