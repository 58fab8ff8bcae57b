"""Single events of a dataset in any order, as an event display or a debugger asks for them.

A file can be read no finer than its compressed chunks, each of which holds thousands of jets. So
the rows are read in blocks of some chunks, and the latest blocks are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from operator import index

import numpy as np

from rs3l_data.store.choice import check_names, no_event
from rs3l_data.store.events import Event
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, View, cut

BLOCK_ROWS = 8192


@dataclass(frozen=True)
class Lookup:
    """Events by process and number: ``Lookup(ds)["qcd", 17]``.

    An event costs microseconds where its block is in memory, and some milliseconds a view where it
    is not: for few events of many, `Dataset.find` with all of them reads less.
    """

    dataset: Dataset
    """Its rows and views"""
    memory_mb: float = 1000
    """For the blocks that are kept [MB]; the latest one is kept in any case"""

    def __getitem__(self, name: tuple[str, int]) -> Event:
        """Give an event with all its (chosen) rows and views.

        Raises
        ------
        InputFileError
            If there is no such process, or no row here of the event.
        TypeError
            If the event's number is no whole number.
        """
        # A number of NumPy's would overflow its own type.
        process, number = name[0], index(name[1])
        dataset = self.dataset
        check_names([process], dataset.processes, "process", dataset.source)
        key = number * 256 + dataset.processes.index(process)
        low, high = np.searchsorted(self._sorted_keys, [key, key + 1])
        if low == high:
            raise no_event(dataset.source, process, number)
        rows = np.sort(self._order[low:high])
        initiators = {column: values[rows] for column, values in dataset.initiators.items()}
        first, last = int(rows[0]), int(rows[-1])
        if last - first + 1 == len(rows) and first // BLOCK_ROWS == last // BLOCK_ROWS:
            start = first // BLOCK_ROWS * BLOCK_ROWS
            block = self._block(first // BLOCK_ROWS)
            views = {v: cut(view, first - start, last + 1 - start) for v, view in block.items()}
        else:
            views = {v: dataset.take(rows).read_view(v) for v in dataset.views}
        return Event(process, number, initiators, views)

    @cached_property
    def _order(self) -> I8:
        return np.argsort(self.dataset.event_keys, kind="stable")

    @cached_property
    def _sorted_keys(self) -> I8:
        return self.dataset.event_keys[self._order]

    @cached_property
    def _kept(self) -> OrderedDict[int, dict[str, View]]:
        return OrderedDict()

    def _block(self, number: int) -> dict[str, View]:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        rows = self.dataset[number * BLOCK_ROWS : (number + 1) * BLOCK_ROWS]
        block = {name: rows.read_view(name) for name in rows.views}
        self._kept[number] = block
        while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self.memory_mb * 1e6:
            self._kept.popitem(last=False)
        return block


def _bytes(block: dict[str, View]) -> int:
    return sum(
        column.nbytes
        for view in block.values()
        for column in (*view.jets.values(), *view.constituents.values(), view.offsets)
    )
