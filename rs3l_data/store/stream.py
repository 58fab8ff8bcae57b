"""Batches of a dataset larger than memory: read buffer by buffer, in the order of `Epoch`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rs3l_data.store.epoch import BLOCKS_PER_BUFFER, Epoch
from rs3l_data.store.packed import PackedView, packed
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, View, concatenate, take


@dataclass(frozen=True, slots=True)
class Position:
    """How far a stream has come; all that is needed to go on from there."""

    epoch: int = 0
    batch: int = 0
    """Batches of the epoch that were given"""


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """Some rows of a dataset, in all chosen views."""

    rows: I8
    """(n,) their indices in the dataset that is streamed"""
    views: dict[str, View]
    """By name, of n rows each"""
    after: Position
    """Where to go on"""


@dataclass(frozen=True)
class Stream:
    """Batches of rows in random order, of a dataset of any size.

    Several consumers (processes, workers of a data loader) share an epoch: each takes its own
    buffers, and all get the same number of batches.

    Raises
    ------
    ValueError
        If there is no such consumer, if there are fewer buffers than consumers, or too few rows for
        a batch.
    """

    dataset: Dataset
    batch_rows: int
    buffer_rows: int = 100_000
    """Rows of all views that are read at once; two buffers are in memory"""
    columns: Sequence[str] | None = None
    """Of the constituents; None: all"""
    seed: int = 0
    consumer: int = 0
    consumers: int = 1

    def __post_init__(self) -> None:
        n_buffers = self._epoch(0).n_buffers
        if self.batch_rows < 1:
            raise ValueError(f"batch_rows: expected 1 or more, found {self.batch_rows}")
        if not 0 <= self.consumer < self.consumers <= n_buffers:
            raise ValueError(
                f"consumer {self.consumer} of {self.consumers}, with {n_buffers} buffers: each "
                "consumer needs one; lower buffer_rows"
            )
        if self.batches == 0:
            raise ValueError(
                f"batches of {self.batch_rows} rows for each of {self.consumers} consumers: the"
                f" {len(self.dataset)} rows of {self.dataset.source} are too few"
            )

    @property
    def batches(self) -> int:
        """Full batches that every consumer gets in an epoch.

        One consumer leaves out what is left over of the last. Several, of whom all get as many in
        every epoch, leave out up to a row of each block besides, other rows in each epoch.
        """
        if self.consumers == 1:
            return len(self.dataset) // self.batch_rows
        per_block = len(self.dataset) // (self._epoch(0).n_buffers * BLOCKS_PER_BUFFER)
        rows = per_block * BLOCKS_PER_BUFFER * (self._epoch(0).n_buffers // self.consumers)
        return rows // self.batch_rows

    def __call__(self, start: Position = Position()) -> Iterator[StreamBatch]:
        """Go through the rest of an epoch; only what is still to be given is read."""
        epoch = self._epoch(start.epoch)
        own = range(self.consumer, epoch.n_buffers, self.consumers)
        orders = [epoch.shuffled(buffer) for buffer in own]
        order = np.concatenate(orders)[: self.batches * self.batch_rows]
        ends = np.cumsum([len(each) for each in orders])
        held: dict[int, Future[dict[str, PackedView]]] = {}
        with ThreadPoolExecutor(1) as reader:
            for batch in range(start.batch, self.batches):
                low = batch * self.batch_rows
                rows = order[low : low + self.batch_rows]
                first, last = np.searchsorted(ends, [low, low + len(rows) - 1], side="right")
                # Those of the batch, or its own and, read meanwhile, the next.
                wanted = [b for b in range(first, max(last, first + 1) + 1) if b < len(own)]
                held = {b: held.get(b) or reader.submit(self._read, epoch, own[b]) for b in wanted}
                buffers = {own[b]: held[b].result() for b in range(first, last + 1)}
                done = batch + 1 == self.batches
                after = Position(start.epoch + 1) if done else Position(start.epoch, batch + 1)
                yield StreamBatch(rows, _gathered(*epoch.places(rows), buffers), after)

    def _read(self, epoch: Epoch, buffer: int) -> dict[str, PackedView]:
        chosen = self.dataset.take(epoch.rows(buffer))
        return {name: packed(chosen.read_view(name, self.columns)) for name in chosen.views}

    def _epoch(self, number: int) -> Epoch:
        return Epoch(len(self.dataset), self.buffer_rows, self.seed, number)


def _gathered(
    numbers: I8, places: I8, buffers: Mapping[int, Mapping[str, PackedView]]
) -> dict[str, View]:
    """Take rows, in their order, out of the buffers that hold them between them."""
    if len(buffers) == 1:
        (only,) = buffers.values()
        return {name: view.take(places) for name, view in only.items()}
    inside = {number: np.flatnonzero(numbers == number) for number in buffers}
    order = np.argsort(np.concatenate(list(inside.values())))
    parts = [
        {name: view.take(places[inside[number]]) for name, view in buffer.items()}
        for number, buffer in buffers.items()
    ]
    return {name: take(concatenate([part[name] for part in parts]), order) for name in parts[0]}
