"""The contrastive loss over any number of views of each jet."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from rs3l_train.backbones.base import Backbone
from rs3l_train.config.objective import NTXentConfig
from rs3l_train.objectives.pairs import same_jet
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
        return ntxent(outputs, rows, self.temperature)

    def figures(self, outputs: Tensor, rows: Tensor) -> dict[str, float]:  # noqa: ARG002
        """Name the loss of a network that cannot tell views apart."""
        return {"chance_loss": math.log(len(outputs) - 1)}


def ntxent(embeddings: Tensor, jets: Tensor, temperature: float) -> Tensor:
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

    Returns
    -------
    scalar float32
        NaN if no jet has two views: to ask for that would make the host wait for a GPU.
    """
    with torch.autocast(embeddings.device.type, enabled=False):
        unit = functional.normalize(embeddings.float(), dim=1)
        similarity = (unit / temperature) @ unit.T
        itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
        all_others = similarity.masked_fill(itself, -torch.inf).logsumexp(1)
        positive = same_jet(jets)
        n_positive = positive.sum(1)
        own = torch.where(positive, similarity, 0.0).sum(1) / n_positive.clamp(min=1)
        anchor = n_positive > 0
        return torch.where(anchor, all_others - own, 0.0).sum() / anchor.sum()
