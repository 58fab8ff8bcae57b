"""Predict one view from another, whose embedding is held fixed: no negatives."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from rs3l_train.backbones.base import Backbone
from rs3l_train.config.objective import SimSiamConfig
from rs3l_train.objectives.pairs import same_jet
from rs3l_train.objectives.projection import Projected, projection
from rs3l_train.views.presentation import Presentation


class SimSiam(Projected):
    """Turn the prediction from each view towards the other views (arXiv:2011.10566).

    Outputs: the projections, before they are standardised, which would hide a collapse. The
    prediction is part of the loss, because it is made from standardised projections, and that takes
    the whole batch.
    """

    def __init__(self, backbone: Backbone, presentation: Presentation, config: SimSiamConfig):
        super().__init__(backbone, presentation, config.projection)
        width = config.projection[-1] if config.projection else backbone.dimension
        self.predict = projection(width, (config.predictor, width))

    def loss(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """Standardise the projections over the batch, predict, and compare."""
        z = standardised(outputs)
        return simsiam(z, self.predict(z), rows)


def standardised(z: Tensor) -> Tensor:
    """Shift and scale each dimension of (n, K) to mean 0 and variance 1 over the batch.

    The last layer of the paper's projection (BatchNorm without its own scale). It is done here and
    not in the network, because it takes the whole batch. Without it all projections share a large
    mean, and a constant prediction is already a good one.
    """
    return functional.batch_norm(z, None, None, training=True)


def simsiam(z: Tensor, p: Tensor, rows: Tensor) -> Tensor:
    r"""Compute the negative cosine of predictions and other views' fixed projections.

    .. math:: L = -\langle \cos(p_i, \text{stopgrad}(z_j)) \rangle

    over all ordered pairs of views of a jet: for two views, eq. 4 of arXiv:2011.10566 over the
    batch.

    Parameters
    ----------
    z, p
        (n, K)
    rows
        (n,) which jet each is a view of

    Returns
    -------
    scalar float32
        NaN if no jet has two views: to ask for that would make the host wait for a GPU.
    """
    with torch.autocast(z.device.type, enabled=False):
        fixed = functional.normalize(z.detach().float(), dim=1)
        cosine = functional.normalize(p.float(), dim=1) @ fixed.T
        pairs = same_jet(rows)
        return -torch.where(pairs, cosine, 0.0).sum() / pairs.sum()
