"""The contrastive loss over any number of views of each jet."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


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

    Raises
    ------
    ValueError
        If no jet has two views.
    """
    with torch.autocast(embeddings.device.type, enabled=False):
        unit = functional.normalize(embeddings.float(), dim=1)
        similarity = unit @ unit.T / temperature
        itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
        log_probability = similarity - similarity.masked_fill(itself, -torch.inf).logsumexp(
            1, keepdim=True
        )
        positive = (jets[:, None] == jets[None, :]) & ~itself
        n_positive = positive.sum(1)
        anchors = n_positive > 0
        if not bool(anchors.any()):
            raise ValueError("no jet of the batch has two views: there is nothing to contrast")
        mean = torch.where(positive, log_probability, 0.0).sum(1) / n_positive.clamp(min=1)
        return -mean[anchors].mean()
