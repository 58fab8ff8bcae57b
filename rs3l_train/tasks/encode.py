"""Networks applied to any number of jets, batch by batch and without gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.memory import JetViews, Selection

# Small enough for the features of a batch to stay in a CPU's cache.
VIEWS_PER_BATCH = 256


@torch.no_grad()
def apply_network(
    network: nn.Module,
    jets: JetViews,
    selection: Selection,
    inputs: str,
    rotation: torch.Generator | None = None,
) -> Tensor:
    """Pass a selection through a network.

    Parameters
    ----------
    rotation
        Source of a random orientation for each view; None: as they are.

    Returns
    -------
    (n, D) for a backbone, (n,) for a tagger
    """
    parts = []
    for start in range(0, len(selection), VIEWS_PER_BATCH):
        batch = jets.gather(selection[start : start + VIEWS_PER_BATCH])
        parts.append(network(network_inputs(batch, inputs, rotation)))
    return torch.cat(parts)
