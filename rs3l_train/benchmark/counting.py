"""The operations and the memory traffic of a piece of PyTorch code, counted as it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call costs."""

    flops: int
    """Of matrix products and attention, two for a multiplication with its addition"""
    bytes: int
    """Read and written if each operation takes its inputs from memory and puts its results there,
    as it does unless operations are fused; places that an operation skips are counted too"""


def cost_of(call: Callable[[], object]) -> Cost:
    """Run ``call`` once and count, its backward passes included."""
    flops = FlopCounterMode(display=False)
    traffic = _Traffic()
    with flops, traffic:
        call()
    return Cost(flops.get_total_flops(), traffic.bytes)


class _Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the sizes of the inputs and results of every operation that is not a view."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        # The latter moves nothing, though it does not call itself a view.
        if not func.is_view and func is not torch.ops.aten._unsafe_view.default:
            self.bytes += sum(map(_size, tree_leaves((args, kwargs, result))))
        return result


def _size(leaf: object) -> int:
    if not isinstance(leaf, Tensor) or leaf.layout != torch.strided:
        return 0
    return leaf.numel() * leaf.element_size()
