"""The contrastive loss over any number of views of each jet."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from rs3l_train.backbones.base import Backbone
from rs3l_train.config.objective import NTXentConfig
from rs3l_train.objectives.pairs import EVERYTHING, in_pairs, itself, same_jet
from rs3l_train.objectives.projection import Projected
from rs3l_train.views.presentation import Presentation


class NTXent(Projected):
    """Pull the views of a jet together and push those of different jets apart.

    Outputs: the (projected) embeddings.
    """

    def __init__(self, backbone: Backbone, presentation: Presentation, config: NTXentConfig):
        super().__init__(backbone, presentation, config.projection)
        self.temperature = config.temperature

    def loss(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """Compute NT-Xent."""
        return self.share(outputs, rows, EVERYTHING)

    def share(self, outputs: Tensor, rows: Tensor, part: slice) -> Tensor:
        """Compute NT-Xent of a part of the views against all."""
        return ntxent(outputs, rows, self.temperature, part)

    def figures(self, outputs: Tensor, rows: Tensor) -> dict[str, float]:  # noqa: ARG002
        """Name the loss of a network that cannot tell views apart."""
        return {"chance_loss": math.log(len(outputs) - 1)}


def ntxent(
    embeddings: Tensor, jets: Tensor, temperature: float, anchors: slice = EVERYTHING
) -> Tensor:
    r"""Compute the normalised, temperature-scaled cross entropy of views.

    For each view i with the other views P(i) of its jet and cosine similarities s,

    .. math:: L_i = -\frac{1}{|P(i)|} \sum_{p \in P(i)}
              \log \frac{\exp(s_{ip}/\tau)}{\sum_{a \neq i} \exp(s_{ia}/\tau)}

    averaged over the views. With two views per jet this is NT-Xent (SimCLR, arXiv:2002.05709,
    eq. 1) as RS3L uses it; for more it is the form with the sum outside the logarithm of
    arXiv:2004.11362, eq. 2, with jets in the place of classes. A jet may bring any number of
    views; a lone view counts as a negative only.

    Parameters
    ----------
    embeddings
        (n, D), of any length.
    jets
        (n,) which jet each is a view of.
    temperature
        Positive.
    anchors
        The views i to sum over; what is divided by is the number of all views that have others.
        The shares of all parts of a batch add up to its loss.

    Returns
    -------
    scalar float32
        NaN if no jet has two views: to ask for that would make the host wait for a GPU.
    """
    with torch.autocast(embeddings.device.type, enabled=False):
        unit = functional.normalize(embeddings.float(), dim=1)
        similarity = (unit[anchors] / temperature) @ unit.T
        oneself = itself(len(unit), unit.device, anchors)
        all_others = similarity.masked_fill(oneself, -torch.inf).logsumexp(1)
        positive = same_jet(jets, anchors)
        n_positive = positive.sum(1)
        own = torch.where(positive, similarity, 0.0).sum(1) / n_positive.clamp(min=1)
        lost = torch.where(n_positive > 0, all_others - own, 0.0)
        return lost.sum() / in_pairs(jets).sum()
