"""Running out of memory, in words that say what to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from rs3l_train.errors import TrainingError

# Errors that PyTorch gives no class of their own: of the machine's memory, and of CUDA's own calls.
_WORDS = (
    "DefaultCPUAllocator: can't allocate memory",
    "CUDA error: out of memory",
    "CUDA driver error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


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
        of_this_kind = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not of_this_kind and not any(words in str(error) for words in _WORDS):
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise TrainingError(f"out of memory: {lines[0]}\n{advice}") from None
