"""Networks compiled once for batches of any number of jets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from rs3l_train.backbones.base import Backbone


def compile_backbones(module: nn.Module, backend: str | Callable[..., Any] = "inductor") -> None:
    """Compile both steps of all backbones of a module in place.

    Step by step, as some objectives take them so.

    Parameters
    ----------
    backend
        Of `torch.compile`.
    """
    for backbone in module.modules():
        if isinstance(backbone, Backbone):
            for step in ("constituents", "pool"):
                compiled = torch.compile(getattr(backbone, step), backend=backend)
                setattr(backbone, step, _for_any_batch(compiled))


def _for_any_batch(call: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Say that the first dimension of all tensors varies, and no other.

    The compiler would find that out by compiling the first batch for nothing; told that everything
    varies, it needs several times as long and cannot use the widths.
    """

    def marked(*args: Any) -> Tensor:
        for tensor in tree_leaves(args):
            torch._dynamo.maybe_mark_dynamic(tensor, 0)
        return call(*args)

    return marked
