"""The small networks between an embedding and a loss, thrown away after pretraining."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from rs3l_train.backbones.base import Backbone
from rs3l_train.objectives.base import Objective
from rs3l_train.views.memory import Batch
from rs3l_train.views.presentation import Presentation


class Projected(Objective):
    """An objective that compares the views of jets by their projected embeddings, its outputs."""

    def __init__(
        self, backbone: Backbone, presentation: Presentation, widths: tuple[int, ...] | None
    ):
        super().__init__(backbone, presentation)
        self.project = projection(backbone.dimension, widths)

    def outputs(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Project embeddings: (n, K)."""
        projected: Tensor = self.project(self.embed(batch, generator)).float()
        return projected

    def compared(self, outputs: Tensor) -> Tensor:
        """Give the directions of the outputs."""
        return functional.normalize(outputs, dim=1)


def projection(dimension: int, widths: tuple[int, ...] | None) -> nn.Module:
    """Build a perceptron from ``dimension`` features to the last of ``widths``; None: identity.

    Hidden layers are normalised for each jet (LayerNorm) where the papers normalise over the batch
    (BatchNorm), which would make a jet's projection depend on the other jets of its part of the
    batch.
    """
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise((dimension, *(widths or ())))):
        layers += [nn.LayerNorm(before), nn.ReLU()] if i else []
        layers.append(nn.Linear(before, after))
    return nn.Sequential(*layers)
