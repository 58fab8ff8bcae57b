"""A GPU that is not there, to find on any machine what would fail or wait on one that is.

Tensors of a second device have shapes and no values (PyTorch's fake tensors; the device is called
`meta`, because a PyTorch without CUDA refuses to index what is called `cuda`). A tensor that was
forgotten on the CPU meets them with an error. Whoever asks for their values waits for a GPU:
that is an error too where nobody may wait, and gets a made-up answer elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

GPU = torch.device("meta")
ANSWER = 0.5

aten = torch.ops.aten
MAKE_TENSOR = torch.tensor
QUESTIONS = (aten._local_scalar_dense.default, aten.nonzero.default)
COPIES = (aten._to_copy.default, aten.copy_.default)


class WaitError(AssertionError):
    """The host would wait for the GPU."""


class Questions(TorchDispatchMode):
    """Answers for values that are not there; or, while nobody may wait, an error."""

    def __init__(self):
        super().__init__()
        self.forbidden = False
        self._number: torch.Tensor | None = None
        """The last one that was made of a number"""

    @contextmanager
    def nobody_waits(self) -> Iterator[None]:
        self.forbidden = True
        yield
        self.forbidden = False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        on_gpu = any(tensor.device == GPU for tensor in tensors)
        if func in QUESTIONS or (func is aten.index.Tensor and any(map(_is_mask, args[1]))):
            self._waits(func, on_gpu)
            return self._answer(func, args)
        if func is aten.index_put_.default:  # PyTorch makes a number's tensor on the CPU
            self._waits(func, on_gpu and args[2] is self._number)
        if func is aten.index.Tensor:  # an index on the CPU is sent
            self._waits(func, on_gpu and any(i is not None and i.device != GPU for i in args[1]))
        result = func(*args, **kwargs)
        if func is aten.scalar_tensor.default:
            self._number = result
        if func in COPIES and not kwargs.get("non_blocking"):
            source = args[1] if func is aten.copy_.default else args[0]
            self._waits(func, source.device != result.device)
        return result

    def _answer(self, func, args):
        try:
            return func(*args)  # what the CPU knows
        except (DataDependentOutputException, DynamicOutputShapeException):
            if func is aten._local_scalar_dense.default:
                return bool(ANSWER) if args[0].dtype == torch.bool else ANSWER
            if func is aten.nonzero.default:
                return torch.stack(_everywhere(args[0]), 1)
            places = [_everywhere(i) if _is_mask(i) else (i,) for i in args[1]]
            return func(args[0], [place for several in places for place in several])

    def tensor(self, *args, **kwargs) -> torch.Tensor:
        """Send numbers of the host to a device, as `torch.tensor`, which no dispatcher sees."""
        self._waits("torch.tensor", torch.device(kwargs.get("device") or "cpu") == GPU)
        return MAKE_TENSOR(*args, **kwargs)

    def _waits(self, func, really: bool) -> None:
        if really and self.forbidden:
            raise WaitError(f"{func} waits for the GPU")


def _is_mask(index: torch.Tensor | None) -> bool:
    return index is not None and index.dtype == torch.bool


def _everywhere(mask: torch.Tensor) -> list[torch.Tensor]:
    """The places where a mask is true, if it is true everywhere."""
    return [mask.new_zeros(mask.numel(), dtype=torch.int64) for _ in range(mask.dim())]


def _made_up(tensor: torch.Tensor) -> np.ndarray:
    return np.full(tensor.shape, ANSWER).astype(str(tensor.dtype).removeprefix("torch."))


def _moved(module: nn.Module, device: torch.device) -> nn.Module:
    """Move a module, as `nn.Module.to`, which cannot move tensors without values."""
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            moved = nn.Parameter(parameter.detach().to(device), parameter.requires_grad)
            part._parameters[name] = moved
        for name, buffer in part.named_buffers(recurse=False):
            part._buffers[name] = buffer.to(device)
    return module


class AnyGenerator(torch.Generator):
    """Random numbers for any device: none are drawn for the pretended one."""

    def __new__(cls, device="cpu"):
        return super().__new__(cls, "cpu")


@contextmanager
def pretended_gpu(monkeypatch) -> Iterator[Questions]:
    """Run a block with a GPU, `GPU`, of which only shapes and devices are real."""
    autocast = torch.autocast

    def cast(device_type, *args, **kwargs):
        return nullcontext() if device_type == GPU.type else autocast(device_type, *args, **kwargs)

    monkeypatch.setattr(torch, "Generator", AnyGenerator)
    monkeypatch.setattr(torch, "autocast", cast)
    monkeypatch.setattr(nn.Module, "to", _moved)
    monkeypatch.setattr(FakeTensor, "numpy", _made_up, raising=False)
    with FakeTensorMode(allow_non_fake_inputs=True), Questions() as questions:
        monkeypatch.setattr(torch, "tensor", questions.tensor)
        yield questions
