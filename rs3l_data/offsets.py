"""Items of rows in flat columns: row ``i`` owns the slice ``offsets[i]:offsets[i + 1]`` of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def offsets_of(
    counts: npt.NDArray[np.integer[Any] | np.bool_] | Sequence[int],
) -> npt.NDArray[np.int64]:
    """Turn the number of items of each row, (n,), into offsets, (n + 1,).

    >>> offsets_of(np.array([2, 0, 1]))
    array([0, 2, 2, 3])
    """
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def row_of_each(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give the row of each item, (n_items,).

    >>> row_of_each(np.array([0, 2, 2, 3]))
    array([0, 0, 2])
    """
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def items_of(
    offsets: npt.NDArray[np.int64], rows: npt.NDArray[np.integer[Any]]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the items of some rows, (n,), in their order: new offsets, (n + 1,), and their indices.

    >>> items_of(np.array([0, 2, 2, 5]), np.array([2, 0]))
    (array([0, 3, 5]), array([2, 3, 4, 0, 1]))
    """
    starts = offsets[rows]
    counts = offsets[rows + 1] - starts
    found = offsets_of(counts)
    return found, np.arange(found[-1]) + np.repeat(starts - found[:-1], counts)
