"""Random numbers that depend on an event's key and on nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]


class Noise:
    """One stream of random numbers for each event of a batch.

    An event draws as many numbers as its own items need, so neither the batch that it is in nor
    its place there matters.

    Parameters
    ----------
    keys : (n_events,)
        The keys of the events' counter-based generators (Philox, doi:10.1145/2063384.2063405).
    """

    def __init__(self, keys: npt.NDArray[np.uint64]) -> None:
        # The words as NumPy has them: to take them out of a number doubles the time.
        words = np.zeros((len(keys), 2), np.uint64)
        words[:, 0] = keys
        start = np.zeros(4, np.uint64)
        self._generators = [
            np.random.Generator(np.random.Philox(counter=start, key=key)) for key in words
        ]

    def normal(self, event: npt.NDArray[np.int64], n_draws: int) -> F8:
        """Draw standard normal numbers for items that are sorted by event.

        Parameters
        ----------
        event : (n_items,)
            The event of each item, rising.
        n_draws
            How many numbers each item gets.

        Returns
        -------
        (n_draws, n_items)
        """
        draws = np.empty((len(event), n_draws))
        for generator, mine in self._slices(event):
            generator.standard_normal(out=draws[mine])
        return np.ascontiguousarray(draws.T)

    def uniform(self, event: npt.NDArray[np.int64], n_draws: int) -> F8:
        """Draw numbers in [0, 1) for items that are sorted by event; see `normal`."""
        draws = np.empty((len(event), n_draws))
        for generator, mine in self._slices(event):
            generator.random(out=draws[mine])
        return np.ascontiguousarray(draws.T)

    def _slices(self, event: npt.NDArray[np.int64]) -> Iterator[tuple[np.random.Generator, slice]]:
        ends = np.searchsorted(event, np.arange(len(self._generators) + 1)).tolist()
        for generator, start, end in zip(self._generators, ends[:-1], ends[1:], strict=True):
            yield generator, slice(start, end)
