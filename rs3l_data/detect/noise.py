"""Random numbers that depend on an event's key and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random.bit_generator import ISeedSequence

F8 = npt.NDArray[np.float64]


class _Key(ISeedSequence):
    """A generator's key itself: given as `key=`, NumPy would draw a seed from the system first."""

    def __init__(self, words: npt.NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(
        self,
        n_words: int,  # noqa: ARG002 - NumPy's own signature; Philox asks for 2 of uint64
        dtype: Any = np.uint64,  # noqa: ARG002
    ) -> npt.NDArray[np.uint64]:
        """Give the two words of the key."""
        return self._words


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
        words = np.zeros((len(keys), 2), np.uint64)
        words[:, 0] = keys
        self._generators = [
            np.random.Generator(np.random.Philox(_Key(of_event)))  # type: ignore[arg-type]
            for of_event in words
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
        return self._drawn(np.random.Generator.standard_normal, event, n_draws)

    def uniform(self, event: npt.NDArray[np.int64], n_draws: int) -> F8:
        """Draw numbers in [0, 1) for items that are sorted by event; see `normal`."""
        return self._drawn(np.random.Generator.random, event, n_draws)

    def _drawn(self, draw: Callable[..., F8], event: npt.NDArray[np.int64], n_draws: int) -> F8:
        draws = np.empty((len(event), n_draws))
        ends = np.searchsorted(event, np.arange(len(self._generators) + 1)).tolist()
        for generator, start, end in zip(self._generators, ends[:-1], ends[1:], strict=True):
            draw(generator, out=draws[start:end])
        return np.ascontiguousarray(draws.T)
