"""What every objective is: outputs row by row, and a loss over the outputs of a whole batch."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from rs3l_train.backbones.base import Backbone
from rs3l_train.views.memory import Batch
from rs3l_train.views.presentation import Presentation


class Objective(nn.Module, ABC):
    """The backbone, whatever else is trained with it, and what is minimised.

    In two steps, so that a batch may be larger than memory and spread over processes:
    `outputs` treats each entry of a batch by itself, so that any part of a batch may pass on its
    own; `loss` compares the outputs of all entries, and costs little. Where it costs something, as
    each entry is compared with all others, `share` is what some of the entries have in it.
    """

    def __init__(self, backbone: Backbone, presentation: Presentation):
        super().__init__()
        self.backbone = backbone
        self.presentation = presentation

    def embed(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Embed a batch (n, D) as training presents it: what is kept after pretraining."""
        embedding: Tensor = self.backbone(self.presentation(batch, generator))
        return embedding

    @abstractmethod
    def outputs(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Compute (n, K) float32: entry i from entry i of the batch alone.

        Parameters
        ----------
        generator
            Source of orientations, augmentations and masks, on the batch's device. The same state
            gives the same outputs.
        """

    @abstractmethod
    def loss(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """Compute the loss of a whole batch.

        Parameters
        ----------
        outputs
            (n, K), those of all parts and processes.
        rows
            (n,) which jet each is a view of.

        Returns
        -------
        scalar float32
        """

    def share(self, outputs: Tensor, rows: Tensor, part: slice) -> Tensor:
        """Compute what a part of the batch has in the loss.

        The shares of all parts add up to the loss. Unless an objective says otherwise, the part
        with the first entry has all of it.

        Parameters
        ----------
        outputs, rows
            Those of the whole batch.
        part
            Of the batch; it has a start.

        Returns
        -------
        scalar float32
        """
        return self.loss(outputs, rows) if part.start == 0 else outputs[:0].sum()

    def after_step(self) -> None:
        """Change what follows the weights, such as their average, after each step; often nothing.

        What is changed must be in the state dict, as parameters that take no gradient or as
        buffers: a training that was stopped goes on from that.
        """

    def compared(self, outputs: Tensor) -> Tensor | None:  # noqa: ARG002
        """Give the vectors (n, K) that the loss compares, to watch for their collapse, if any."""
        return None

    def figures(self, outputs: Tensor, rows: Tensor) -> dict[str, float]:  # noqa: ARG002
        """Name further figures of a batch for the log, such as the parts of the loss."""
        return {}
