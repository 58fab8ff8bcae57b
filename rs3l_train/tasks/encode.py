"""Networks applied to any number of jets, batch by batch and without gradients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.memory import JetViews, Selection

VIEWS_PER_BATCH = {"cpu": 256, "cuda": 2048}
"""Few enough for the features of a batch to stay in a CPU's cache; enough to fill a GPU, and for
the largest transformer still some 2.5 GB, of which no setting would take any away"""
USUAL_CONSTITUENTS = 64
"""Of more, a GPU gets fewer views at a time: the memory for pairs grows with their square"""


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, in which nothing drops out, and back."""
    before = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(before)


@torch.no_grad()
def apply_network(
    network: nn.Module,
    jets: JetViews,
    selection: Selection,
    inputs: str,
    rotation: torch.Generator | None = None,
) -> Tensor:
    """Pass a selection through a network in evaluation mode.

    Parameters
    ----------
    rotation
        Source of a random orientation for each view; None: as they are.

    Returns
    -------
    (n, D) for a backbone, (n,) for a tagger
    """
    parts = []
    size = VIEWS_PER_BATCH.get(jets.device.type, VIEWS_PER_BATCH["cpu"])
    if jets.device.type == "cuda" and jets.width > USUAL_CONSTITUENTS:
        size = max(1, int(size * (USUAL_CONSTITUENTS / jets.width) ** 2))
    with evaluating(network):
        for start in range(0, len(selection), size):
            batch = jets.gather(selection[start : start + size])
            parts.append(network(network_inputs(batch, inputs, rotation)))
    return torch.cat(parts)
