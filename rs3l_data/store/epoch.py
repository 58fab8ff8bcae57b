"""The order in which a dataset larger than memory is gone through: random, yet read in runs.

The rows are cut into blocks, runs of rows in the order of the files. An epoch deals them out to
*buffers*: of every *stretch* of as many blocks as there are buffers, each buffer gets one, drawn at
random. So each buffer holds rows from everywhere, in the mixture of the whole dataset, even where
that is sorted by class. A buffer is read whole, block by block. Its rows come in rounds, in each of
which every stretch has one, so that each batch has nearly as many rows of one stretch as of
another, and readers that share a batch by stretches have equal work.

The order follows from (seed, epoch) alone, so that the place in it says all about how far a
training has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rs3l_data.store.tables import I8

BLOCKS_PER_BUFFER = 32
"""Runs from which a buffer is mixed: more mix better, fewer are longer and read faster"""


@dataclass(frozen=True)
class Epoch:
    """One passage through ``n_rows`` rows, buffer after buffer.

    Raises
    ------
    ValueError
        If a number is too small.
    """

    n_rows: int
    buffer_rows: int
    """Rows of a buffer, but for a row more or less of each of its blocks"""
    seed: int
    number: int
    """Of the epoch; each has its own order"""
    blocks_per_buffer: int = BLOCKS_PER_BUFFER

    def __post_init__(self) -> None:
        least = {"buffer_rows": 1, "blocks_per_buffer": 1, "seed": 0, "number": 0}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise ValueError(
                    f"{name}: expected {smallest} or more, found {getattr(self, name)}"
                )

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
    def blocks(self) -> I8:
        """(n_buffers, blocks_per_buffer): which block a buffer has of each stretch."""
        return np.argsort(self.buffer_of_block, kind="stable").reshape(self.n_buffers, -1)

    @cached_property
    def place_of_block(self) -> I8:
        """(n_blocks,): how many rows of its buffer come before each block."""
        lengths = np.diff(self.bounds)
        in_buffers = lengths[self.blocks]
        places = np.empty_like(lengths)
        places[self.blocks] = np.cumsum(in_buffers, axis=1) - in_buffers
        return places

    def stretches(self, rows: I8) -> I8:
        """Tell in which stretch of the dataset rows lie: (n,), rising with the rows."""
        return self._block_of(rows) // self.n_buffers

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
        block = self._block_of(rows)
        inside = rows - self.bounds[block]
        return self.buffer_of_block[block], self.place_of_block[block] + inside

    def rows(self, buffer: int, stretches: range | None = None) -> I8:
        """List the rows of a buffer, rising; of some stretches, or of all."""
        blocks = self.blocks[buffer]
        if stretches is not None:
            blocks = blocks[stretches.start : stretches.stop]
        return np.concatenate(
            [np.arange(self.bounds[block], self.bounds[block + 1]) for block in blocks]
        )

    def shuffled(self, buffer: int) -> I8:
        """List the rows of a buffer in the order in which they are gone through."""
        random = np.random.default_rng([self.seed, self.number, buffer])
        lengths = np.diff(self.bounds)[self.blocks[buffer]]
        stretch = np.repeat(np.arange(len(lengths)), lengths)
        within_blocks = np.argsort(stretch + random.random(len(stretch)))
        of_round = np.arange(len(stretch)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        in_rounds = np.argsort(of_round + random.random(len(stretch)))
        return self.rows(buffer)[within_blocks[in_rounds]]

    def order(self) -> I8:
        """List all rows in the order of the epoch, (n_rows,)."""
        return np.concatenate([self.shuffled(buffer) for buffer in range(self.n_buffers)])

    def _block_of(self, rows: I8) -> I8:
        # The inverse of `bounds`, without a search.
        return ((rows + 1) * len(self.buffer_of_block) - 1) // max(1, self.n_rows)


def stretches_of(reader: int, readers: int, n: int = BLOCKS_PER_BUFFER) -> range:
    """List which of n stretches one of several readers reads; two may share one."""
    return range(n * reader // readers, -(-n * (reader + 1) // readers))


def largest_share(readers: int) -> float:
    """Tell which part of all rows a reader reads, the one with the most stretches."""
    most = max(len(stretches_of(reader, readers)) for reader in range(readers))
    return most / BLOCKS_PER_BUFFER


@dataclass(frozen=True)
class Share:
    """What one of several readers reads of every buffer: the blocks of some stretches.

    A stretch that falls to two of them is read by both.

    Raises
    ------
    ValueError
        If there is no such reader.
    """

    epoch: Epoch
    reader: int
    readers: int

    def __post_init__(self) -> None:
        if not 0 <= self.reader < self.readers:
            raise ValueError(f"there is no reader {self.reader} of {self.readers}")

    @property
    def stretches(self) -> range:
        """Which stretches are read."""
        return stretches_of(self.reader, self.readers, self.epoch.blocks_per_buffer)

    def rows(self, buffer: int) -> I8:
        """List the rows of a buffer that are read, rising."""
        return self.epoch.rows(buffer, self.stretches)

    def places(self, rows: I8) -> tuple[I8, I8]:
        """Tell where rows are read, as `Epoch.places`, among `rows` of a buffer; -1 if not here."""
        stretch = self.epoch.stretches(rows)
        buffers, places = self.epoch.places(rows)
        read = (stretch >= self.stretches.start) & (stretch < self.stretches.stop)
        return np.where(read, buffers, -1), places - self._before[buffers]

    @cached_property
    def _before(self) -> I8:
        """(n_buffers,): how many rows of a buffer lie before those that are read."""
        return self.epoch.place_of_block[self.epoch.blocks[:, self.stretches.start]]
