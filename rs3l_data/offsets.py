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
