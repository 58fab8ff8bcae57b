"""The contrastive loss and masked-particle modelling together."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from rs3l_train.backbones.base import Backbone
from rs3l_train.config.objective import ContrastiveMaskedConfig
from rs3l_train.objectives.base import Objective
from rs3l_train.objectives.masked import HiddenPrediction
from rs3l_train.objectives.ntxent import ntxent
from rs3l_train.objectives.pairs import EVERYTHING
from rs3l_train.objectives.projection import projection
from rs3l_train.views.memory import Batch
from rs3l_train.views.presentation import Presentation


class ContrastiveMasked(Objective):
    """Recognise the views of a jet by all constituents, and predict some from the others.

    Whether re-simulation and masking teach different things is an open question of
    arXiv:2403.07066. The backbone runs twice, since what is contrasted sees the whole jet, as
    tagging does.

    Outputs: the projected embedding, and the error of the prediction in the last column.
    """

    def __init__(
        self,
        backbone: Backbone,
        presentation: Presentation,
        config: ContrastiveMaskedConfig,
        n_inputs: int,
        n_constituents: int,
    ):
        super().__init__(backbone, presentation)
        self.temperature, self.weight = config.temperature, config.weight
        self.project = projection(backbone.dimension, config.projection)
        self.prediction = HiddenPrediction(backbone, config, n_inputs, n_constituents)

    def outputs(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Project embeddings and measure the prediction's error: (n, K + 1)."""
        inputs = self.presentation(batch, generator)
        projected = self.project(self.backbone(inputs)).float()
        error = self.prediction(self.backbone, inputs, generator)
        return torch.cat([projected, error[:, None]], dim=1)

    def loss(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """Add NT-Xent and the weighted mean error."""
        return self.share(outputs, rows, EVERYTHING)

    def share(self, outputs: Tensor, rows: Tensor, part: slice) -> Tensor:
        """Add NT-Xent of a part of the views against all and the weighted error of the part."""
        contrast = ntxent(outputs[:, :-1], rows, self.temperature, part)
        return contrast + self.weight * outputs[part, -1].sum() / len(outputs)

    def compared(self, outputs: Tensor) -> Tensor:
        """Give the directions of the projections."""
        return functional.normalize(outputs[:, :-1], dim=1)

    def figures(self, outputs: Tensor, rows: Tensor) -> dict[str, float]:
        """Name the two parts, without weight."""
        return {
            "contrastive": float(ntxent(outputs[:, :-1], rows, self.temperature)),
            "masked": float(outputs[:, -1].mean()),
        }
