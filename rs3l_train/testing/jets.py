"""Jets made up for tests: they look like jets, and mean nothing."""

from __future__ import annotations

from torch import Tensor

from rs3l_train.tasks.parity import random_jets, tensors
from rs3l_train.views.memory import PADDING, Batch


def drawn_batch(rows: Tensor, places: int, n_labels: int, seed: int) -> Batch:
    """Draw a jet for each entry; views of one jet have its label in common, and nothing else.

    Parameters
    ----------
    rows
        (n,) which jet each entry is a view of.
    places
        P, the most constituents of a jet; it has one at least.
    """
    constituents, jets = tensors(random_jets(len(rows), places, seed))
    mask = constituents["pt"] > 0
    padded = {
        name: column.masked_fill(~mask, float(PADDING.get(name, 0)))
        for name, column in constituents.items()
    }
    return Batch(padded, mask, {**jets, "label": (rows % n_labels).float()})
