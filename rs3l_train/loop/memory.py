"""Running out of memory, in words that say what to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from rs3l_train.errors import TrainingError


@contextmanager
def out_of_memory_says(advice: str) -> Iterator[None]:
    """Turn a lack of memory, the GPU's or the machine's, into an error with advice.

    Raises
    ------
    TrainingError
        With the allocator's first line and the advice.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if not _lacks_memory(error):
            raise
        raise TrainingError(f"out of memory: {lines[0]}\n{advice}") from None


def _lacks_memory(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # PyTorch raises a bare RuntimeError where the memory is the machine's.
    return "DefaultCPUAllocator: can't allocate memory" in str(error)
