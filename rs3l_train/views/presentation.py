"""How a view of a jet is shown to a network that is being pretrained."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.memory import Batch


@dataclass(frozen=True, slots=True)
class Presentation:
    """What happens to each view of a batch, on its own, before the network."""

    inputs: str
    """A key of `INPUTS`"""
    rotation: bool
    """Whether each view is turned and reflected at random"""

    def __call__(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Compute the network's inputs of a batch: features (n, P, F) and mask (n, P)."""
        rotation = generator if self.rotation else None
        return network_inputs(batch, self.inputs, rotation), batch.mask
