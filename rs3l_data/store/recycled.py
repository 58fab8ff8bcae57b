"""Large arrays in memory that has been used before.

What the system gives to a process is mapped page by page when it is first touched, and has to be
cleared. That takes as long as decoding a column into it; in a virtual machine, several times as
long. So the memory of a large array is kept when the last array in it is gone, and the next array
of about that size gets it.
"""

from __future__ import annotations

import math
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

SMALLEST = 1 << 17
"""Of fewer bytes than these, `malloc` itself uses memory again"""
MOST_IDLE = 5 << 28
"""So many bytes are kept for later, at most; a buffer of streamed jets has 1 GB by default.

What was used last stays, a larger array does not.
"""

_Block = npt.NDArray[np.uint8]
# By its id, the oldest first. Each operation on it is one of a dictionary, which threads share.
_idle: dict[int, _Block] = {}


def empty(shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Make an array whose content is arbitrary, as `numpy.empty` does.

    >>> empty((2, 3), np.float32).shape
    (2, 3)
    """
    dtype = np.dtype(dtype)
    length = shape if isinstance(shape, int) else math.prod(shape)
    n_bytes = length * dtype.itemsize
    if n_bytes < SMALLEST:
        return np.empty(shape, dtype)
    block = _used_before(n_bytes)
    if block is None:
        # With room for the next array, which may be a little larger.
        block = np.empty(n_bytes + n_bytes // 8, np.uint8)
    # The base of this array is no array. So it is itself the base of every view of it, of NumPy's
    # as of PyTorch's, and lives as long as one of them.
    array = np.frombuffer(block.data, dtype, length)
    weakref.finalize(array, _keep, block).atexit = False
    return array.reshape(shape)


def _used_before(n_bytes: int) -> _Block | None:
    for key, block in reversed(list(_idle.items())):
        if n_bytes <= len(block) <= 2 * n_bytes and _idle.pop(key, None) is not None:
            return block
    return None


def _keep(block: _Block) -> None:
    if len(block) > MOST_IDLE:
        return
    _idle[id(block)] = block
    surplus = sum(map(len, list(_idle.values()))) - MOST_IDLE
    for key, oldest in list(_idle.items()):
        if surplus <= 0:
            return
        if _idle.pop(key, None) is not None:
            surplus -= len(oldest)
