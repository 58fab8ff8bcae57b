"""Networks applied to any number of jets, batch by batch and without gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.memory import JetViews, Selection

VIEWS_PER_BATCH = {"cpu": 256, "cuda": 8192}
"""Few enough for the features of a batch to stay in a CPU's cache, and enough to fill a GPU"""


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
    size = VIEWS_PER_BATCH.get(jets.device.type, VIEWS_PER_BATCH["cpu"])
    for start in range(0, len(selection), size):
        batch = jets.gather(selection[start : start + size])
        parts.append(network(network_inputs(batch, inputs, rotation)))
    return torch.cat(parts)
