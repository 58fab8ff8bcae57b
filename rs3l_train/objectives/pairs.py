"""Which entries of a batch are views of one jet."""

from __future__ import annotations

import torch
from torch import Tensor


def same_jet(rows: Tensor) -> Tensor:
    """Mark the ordered pairs of different entries of one jet: (n,) to (n, n) bool."""
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    return (rows[:, None] == rows[None, :]) & ~itself


def branches(rows: Tensor) -> list[Tensor]:
    """Sort entries into branches: the first views of all jets, the second views, and so on.

    Returns
    -------
    list of (n_k,) int64, positions in ``rows``

    >>> [part.tolist() for part in branches(torch.tensor([7, 7, 3, 7, 3]))]
    [[0, 2], [1, 4], [3]]
    """
    earlier = (rows[:, None] == rows[None, :]).tril(-1).sum(1)
    return [(earlier == k).nonzero().squeeze(1) for k in range(int(earlier.max()) + 1)]
