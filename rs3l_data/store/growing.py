"""Tables that are written block by block, so that memory holds a block and not the table.

Only whole chunks are handed to HDF5, so that each is compressed once, whatever the blocks' lengths.
"""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

from rs3l_data.describe.schema import CONSTITUENTS, FORMAT_VERSION, JETS, Column, written_in
from rs3l_data.store.columns import check_columns, describe
from rs3l_data.store.filters import ITEMS_CHUNK, ROWS_CHUNK, Compression, write_dataset
from rs3l_data.store.tables import Array, Columns, View


class _GrowingDataset:
    """A dataset of one axis."""

    def __init__(self, group: h5py.Group, name: str, compression: Compression, chunk: int):
        self._group, self._name = group, name
        self._compression, self._chunk = compression, chunk
        self._pending: list[Array] = []
        self._n_pending = 0
        self._written: h5py.Dataset | None = None

    def append(self, values: Array) -> None:
        """Take values, (n,), and write as many chunks as they fill."""
        self._pending.append(values)
        self._n_pending += len(values)
        if self._n_pending >= self._chunk:
            together = np.concatenate(self._pending)
            whole = len(together) // self._chunk * self._chunk
            self._write(together[:whole], grows=True)
            self._pending, self._n_pending = [together[whole:]], len(together) - whole

    def finish(self) -> h5py.Dataset:
        """Write the values that fill no chunk."""
        rest = np.concatenate(self._pending)
        self._pending = [rest[:0]]
        return self._write(rest, grows=False)

    def _write(self, values: Array, grows: bool) -> h5py.Dataset:
        dataset = self._written
        if dataset is None:
            dataset = write_dataset(
                self._group, self._name, values, self._compression, self._chunk, grows
            )
        elif len(values):
            dataset.resize(len(dataset) + len(values), axis=0)
            dataset[-len(values) :] = values
        self._written = dataset
        return dataset


class GrowingTable:
    """A table whose rows come block by block; `finish` ends it.

    Parameters
    ----------
    items
        Whether these are items, many of which belong to one row of another table.
    """

    def __init__(
        self,
        group: h5py.Group,
        columns: Sequence[Column],
        compression: Compression,
        items: bool = False,
    ):
        chunk = ITEMS_CHUNK if items else ROWS_CHUNK
        self._group, self._columns = group, columns
        self._datasets = {
            column.name: _GrowingDataset(group, column.name, compression, chunk)
            for column in columns
        }

    def append(self, table: Columns) -> None:
        """Add rows.

        Raises
        ------
        ValueError
            If the table's columns or their types are not those of the schema.
        """
        check_columns(self._group, self._columns, table)
        for name, dataset in self._datasets.items():
            dataset.append(table[name])

    def finish(self) -> None:
        """Write what is left; at least one block, which may be empty, must have come."""
        for column in self._columns:
            describe(self._datasets[column.name].finish(), column)


class GrowingView:
    """The jets and constituents of a view, whose rows come block by block; `finish` ends it."""

    def __init__(
        self, group: h5py.Group, compression: Compression, format_version: str = FORMAT_VERSION
    ):
        constituents = group.create_group("constituents")
        self._offsets = _GrowingDataset(constituents, "offsets", compression, ROWS_CHUNK)
        self._offsets.append(np.zeros(1, "<i8"))
        self._constituents = GrowingTable(constituents, CONSTITUENTS, compression, items=True)
        columns = written_in(JETS, format_version)
        self._jets = GrowingTable(group.create_group("jets"), columns, compression)
        self._n_constituents = 0
        self.n_rows = 0

    def append(self, view: View) -> None:
        """Add rows.

        Raises
        ------
        ValueError
            If the columns or their types are not those of the schema.
        """
        self._jets.append(view.jets)
        self._constituents.append(view.constituents)
        offsets = view.offsets[1:] + self._n_constituents
        self._offsets.append(offsets.astype("<i8", copy=False))
        self._n_constituents += int(view.offsets[-1])
        self.n_rows += len(view)

    def finish(self) -> None:
        """Write what is left; at least one block, which may be empty, must have come."""
        self._jets.finish()
        self._offsets.finish()
        self._constituents.finish()
