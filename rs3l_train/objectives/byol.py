"""Predict one view as a slow copy of the network sees another: no negatives."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from rs3l_train.backbones.base import Backbone
from rs3l_train.config.objective import BYOLConfig
from rs3l_train.objectives.projection import Projected, projection
from rs3l_train.objectives.simsiam import simsiam, standardised
from rs3l_train.views.memory import Batch
from rs3l_train.views.presentation import Presentation


class BYOL(Projected):
    """Turn the prediction from each view towards the target's other views (arXiv:2006.07733).

    The target is an average of the network over its past, and takes no gradient. Outputs: the
    projections of the network and, behind them, those of the target, of the same inputs. They are
    standardised in the loss, as SimSiam's are and for the same reason.
    """

    def __init__(self, backbone: Backbone, presentation: Presentation, config: BYOLConfig):
        super().__init__(backbone, presentation, config.projection)
        width = config.projection[-1] if config.projection else backbone.dimension
        self.predict = projection(width, (config.predictor, width))
        self._move = get_ema_multi_avg_fn(config.momentum)  # type: ignore[no-untyped-call]
        self.target = deepcopy(self._online()).requires_grad_(False)

    def outputs(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Project embeddings, by the network and by the target: (n, 2 K)."""
        inputs = self.presentation(batch, generator)
        return torch.cat([self._online()(inputs), self.target(inputs)], 1).float()

    def loss(self, outputs: Tensor, rows: Tensor) -> Tensor:
        r"""Standardise over the batch, predict, and compare (eq. 2 of the paper).

        .. math:: L = \langle \| \bar q(z_i) - \bar z'_j \|^2 \rangle

        over all ordered pairs of views of a jet; NaN if no jet has two.
        """
        z, slow = map(standardised, outputs.chunk(2, 1))
        return 2 + 2 * simsiam(slow, self.predict(z), rows)

    def after_step(self) -> None:
        """Move the target towards the network (eq. 1 of the paper)."""
        slow, fast = ([*one.parameters()] for one in (self.target, self._online()))
        self._move(slow, fast, 1)

    def compared(self, outputs: Tensor) -> Tensor:
        """Give the directions of the network's own projections."""
        return super().compared(outputs.chunk(2, 1)[0])

    def _online(self) -> nn.Sequential:
        return nn.Sequential(self.backbone, self.project)
