"""Learn the labels: what pretraining without labels is to be compared with."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rs3l_train.backbones.base import Backbone
from rs3l_train.objectives.base import Objective
from rs3l_train.views.memory import Batch
from rs3l_train.views.presentation import Presentation


class Supervised(Objective):
    """Tell the labels of the dataset apart by a linear function of the embedding.

    Outputs: the cross entropy, and whether the likeliest label is the right one, (n, 2).
    """

    def __init__(self, backbone: Backbone, presentation: Presentation, n_labels: int):
        super().__init__(backbone, presentation)
        self.classify = nn.Linear(backbone.dimension, n_labels)

    def outputs(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Classify jets and compare with their labels: (n, 2)."""
        logits = self.classify(self.embed(batch, generator)).float()
        label = batch.jets["label"].long()
        entropy = functional.cross_entropy(logits, label, reduction="none")
        return torch.stack([entropy, (logits.argmax(1) == label).float()], dim=1)

    def loss(self, outputs: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG002
        """Average the cross entropy."""
        return outputs[:, 0].mean()

    def figures(self, outputs: Tensor, rows: Tensor) -> dict[str, float]:  # noqa: ARG002
        """Name the accuracy."""
        return {"accuracy": float(outputs[:, 1].mean())}
