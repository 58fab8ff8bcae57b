"""Tables in an HDF5 group: a dataset for each column, and rows of them read back."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

from rs3l_data.describe.schema import Column
from rs3l_data.store.filters import ITEMS_CHUNK, ROWS_CHUNK, Compression, write_dataset
from rs3l_data.store.guard import read_column, read_offsets
from rs3l_data.store.spans import Span, indices_of, spans_of
from rs3l_data.store.tables import I8, Columns, chosen_of, concatenate_offsets, take_items

# About as many rows as a chunk of a file holds: nearer ones are in the same or the next chunk.
FAR_ROWS = 1 << 13
FAR_WITH_ITEMS = 2048


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


def read_columns(group: h5py.Group, columns: Sequence[Column], rows: I8, n_rows: int) -> Columns:
    """Read the given rows, which rise, of some columns.

    Parameters
    ----------
    n_rows
        How many rows the table has.

    Raises
    ------
    ValueError
        If a column is not as the schema says, shorter than the rows or longer than the table.
    """
    spans = spans_of(rows, FAR_ROWS)
    table = {column.name: read_column(group, column, spans, n_rows=n_rows) for column in columns}
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
    spans = spans_of(rows, FAR_WITH_ITEMS)
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
