"""The order in which a dataset larger than memory is gone through: random, yet read in runs.

The rows are cut into blocks, runs of rows in the order of the files. An epoch deals them out to
*buffers*: of every stretch of as many blocks as there are buffers, each buffer gets one, drawn at
random. So each buffer holds rows from everywhere, in the mixture of the whole dataset, even where
that is sorted by class. A buffer is read whole, block by block, and its rows are shuffled.

The order follows from (seed, epoch) alone, so that the place in it says all about how far a
training has come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rs3l_data.store.packed import PackedView, packed
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, View, concatenate, take

BLOCKS_PER_BUFFER = 32
"""Runs from which a buffer is mixed: more mix better, fewer are longer and read faster"""


@dataclass(frozen=True)
class Epoch:
    """One passage through ``n_rows`` rows, buffer after buffer.

    Raises
    ------
    ValueError
        If a number is not positive.
    """

    n_rows: int
    buffer_rows: int
    """Rows of a buffer, at most"""
    seed: int
    number: int
    """Of the epoch; each has its own order"""
    blocks_per_buffer: int = BLOCKS_PER_BUFFER

    def __post_init__(self) -> None:
        if min(self.buffer_rows, self.blocks_per_buffer) < 1 or min(self.seed, self.number) < 0:
            raise ValueError(f"a buffer and its blocks must have a row at least: {self}")

    @property
    def n_buffers(self) -> int:
        """How many buffers the epoch has."""
        return max(1, -(-self.n_rows // self.buffer_rows))

    @cached_property
    def bounds(self) -> I8:
        """(n_blocks + 1,): block b has the rows ``bounds[b]:bounds[b + 1]``."""
        n_blocks = self.n_buffers * self.blocks_per_buffer
        return np.arange(n_blocks + 1) * self.n_rows // n_blocks

    @cached_property
    def buffer_of_block(self) -> I8:
        """(n_blocks,): the buffer that each block is dealt to."""
        random = np.random.default_rng([self.seed, self.number])
        deals = np.tile(np.arange(self.n_buffers), (self.blocks_per_buffer, 1))
        return random.permuted(deals, axis=1).ravel()

    @cached_property
    def place_of_block(self) -> I8:
        """(n_blocks,): how many rows of its buffer come before each block."""
        lengths = np.diff(self.bounds)
        places = np.empty_like(lengths)
        order = np.argsort(self.buffer_of_block, kind="stable")
        before = np.cumsum(lengths[order]) - lengths[order]
        # Every buffer has as many blocks.
        places[order] = before - np.repeat(
            before[:: self.blocks_per_buffer], self.blocks_per_buffer
        )
        return places

    def places(self, rows: I8) -> tuple[I8, I8]:
        """Tell where rows are read: the buffer, and the place among its rows, which rise.

        Parameters
        ----------
        rows
            (n,)

        Returns
        -------
        buffers, places : (n,) each
        """
        # The inverse of `bounds`, without a search.
        block = ((rows + 1) * len(self.buffer_of_block) - 1) // max(1, self.n_rows)
        inside = rows - self.bounds[block]
        return self.buffer_of_block[block], self.place_of_block[block] + inside

    def rows(self, buffer: int) -> I8:
        """List the rows of a buffer, rising."""
        blocks = np.flatnonzero(self.buffer_of_block == buffer)
        return np.concatenate(
            [np.arange(self.bounds[block], self.bounds[block + 1]) for block in blocks]
        )

    def shuffled(self, buffer: int) -> I8:
        """List the rows of a buffer in the order in which they are gone through."""
        random = np.random.default_rng([self.seed, self.number, buffer])
        return random.permutation(self.rows(buffer))

    def order(self) -> I8:
        """List all rows in the order of the epoch, (n_rows,)."""
        return np.concatenate([self.shuffled(buffer) for buffer in range(self.n_buffers)])


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
                # Two buffers at most: those of the batch, or its own and, read meanwhile, the next.
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
