"""What is the same for (a, b) and (b, a), computed once: the lower triangle of a table."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def lower_triangle(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Give the two members a ≥ b of each pair, row by row: (size (size + 1) / 2,) each."""
    first, second = torch.tril_indices(size, size, device=device)
    return first, second


def symmetric(triangle: Tensor, size: int) -> Tensor:
    """Put what belongs to pairs (..., size (size + 1) / 2) into a table (..., size, size)."""
    table: Tensor = _Symmetric.apply(triangle, size)  # type: ignore[no-untyped-call]
    return table


class _Symmetric(torch.autograd.Function):
    """PyTorch's own derivative would add to places one by one, in no fixed order on a GPU."""

    @staticmethod
    def forward(ctx: Any, triangle: Tensor, size: int) -> Tensor:
        ctx.size = size
        row = torch.arange(size, device=triangle.device)
        larger = torch.maximum(row[:, None], row)
        smaller = torch.minimum(row[:, None], row)
        place = larger * (larger + 1) // 2 + smaller
        table = triangle.index_select(-1, place.flatten())
        return table.view(*triangle.shape[:-1], size, size)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        first, second = lower_triangle(ctx.size, gradient.device)
        flat = gradient.flatten(-2)
        there = flat.index_select(-1, first * ctx.size + second)
        back = flat.index_select(-1, second * ctx.size + first)
        return torch.where(first == second, there, there + back), None
