"""Which entries of a batch are views of one jet."""

from __future__ import annotations

import torch
from torch import Tensor

EVERYTHING = slice(None)


def itself(n: int, device: torch.device, part: slice) -> Tensor:
    """Mark each of some of n entries among all of them: (n_part, n) bool."""
    place = torch.arange(n, device=device)
    return place[part, None] == place


def same_jet(rows: Tensor, part: slice = EVERYTHING) -> Tensor:
    """Mark the ordered pairs of different entries of one jet: (n,) to (n_part, n) bool.

    Parameters
    ----------
    part
        Of the entries, which come first in the pairs.
    """
    return (rows[part, None] == rows) & ~itself(len(rows), rows.device, part)


def in_pairs(rows: Tensor) -> Tensor:
    """Mark the entries of which the jet has another entry: (n,) to (n,) bool.

    >>> in_pairs(torch.tensor([7, 5, 3, 7, 3])).tolist()
    [True, False, True, True, True]
    """
    ordered, place = rows.sort()
    alike = ordered[1:] == ordered[:-1]
    alone = alike.new_zeros(1)
    return torch.zeros_like(rows, dtype=torch.bool).scatter(
        0, place, torch.cat([alike, alone]) | torch.cat([alone, alike])
    )


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
