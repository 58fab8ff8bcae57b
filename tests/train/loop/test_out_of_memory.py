"""A lack of memory is told with the keys to lower, and nothing else is taken for one."""

from __future__ import annotations

import pytest
import torch

from rs3l_train.errors import TrainingError
from rs3l_train.loop.out_of_memory import out_of_memory_says


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA driver error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
)
def test_a_lack_of_memory_says_what_to_lower(error):
    with (
        pytest.raises(TrainingError, match=r"(?s)out of memory: .*\nlower this"),
        out_of_memory_says("lower this"),
    ):
        raise error


def test_a_real_lack_of_memory_is_recognised():
    with pytest.raises(TrainingError, match="lower this"), out_of_memory_says("lower this"):
        torch.empty(2**56, dtype=torch.float64)


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes"), out_of_memory_says("lower this"):
        raise RuntimeError("shapes do not match")
