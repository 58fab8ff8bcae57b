"""Variance, invariance and covariance: no negatives."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from rs3l_train.backbones.base import Backbone
from rs3l_train.config.objective import VICRegConfig
from rs3l_train.objectives.pairs import branches, same_jet
from rs3l_train.objectives.projection import Projected
from rs3l_train.views.presentation import Presentation

# γ and ε of arXiv:2105.04906, section 4.
SPREAD = 1.0
EPSILON = 1e-4


class VICReg(Projected):
    """Pull views together, and keep the dimensions spread and uncorrelated (arXiv:2105.04906).

    Outputs: the projected embeddings.
    """

    def __init__(self, backbone: Backbone, presentation: Presentation, config: VICRegConfig):
        super().__init__(backbone, presentation, config.projection)
        self.weights = {
            "invariance": config.invariance,
            "variance": config.variance,
            "covariance": config.covariance,
        }

    def loss(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """Add the three terms with their weights."""
        terms = vicreg_terms(outputs, rows)
        return sum(
            (self.weights[name] * term for name, term in terms.items()), outputs.new_zeros(())
        )

    def compared(self, outputs: Tensor) -> Tensor:
        """Give the outputs: the lengths count, too."""
        return outputs

    def figures(self, outputs: Tensor, rows: Tensor) -> dict[str, float]:
        """Name the three terms, without their weights."""
        return {name: float(term) for name, term in vicreg_terms(outputs, rows).items()}


def vicreg_terms(z: Tensor, rows: Tensor) -> dict[str, Tensor]:
    r"""Compute the terms of VICReg for any number of views.

    With the branch Z_k of the k-th views of all jets, n_k of them, D dimensions and covariance
    C(Z) (denominator n − 1):

    .. math:: \text{invariance} = \langle |z_i - z_j|^2 / D \rangle_{\text{pairs of views of a jet}}

    .. math:: \text{variance} = \langle \tfrac1D \sum_d \max(0, 1 - \sqrt{C_{dd}(Z_k) + ε})\rangle_k

    .. math:: \text{covariance} = 2 \langle \tfrac1D \sum_{d \neq e} C_{de}(Z_k)^2 \rangle_k

    For two views these are the terms of the authors' code: eqs. 1–6 of arXiv:2105.04906, but the
    invariance divided by D and the variance averaged over the branches, as their weights 25, 25
    and 1 assume. For more views it is the mean over all pairs of branches. The means over branches
    have the weights n_k − 1, because chance alone gives a covariance of few jets, of order D / n_k:
    the last branches are short where views are missing.

    Parameters
    ----------
    z
        (n, D), the views of a jet in the order of the branches
    rows
        (n,) which jet each is a view of

    Raises
    ------
    ValueError
        If no jet has two views, or no branch two jets.
    """
    with torch.autocast(z.device.type, enabled=False):
        z = z.float()
        pairs = same_jet(rows).nonzero()
        if not len(pairs):
            raise ValueError("no jet of the batch has two views: there is nothing to compare")
        first, second = pairs.T
        parts = [z[members] for members in branches(rows) if len(members) > 1]
        if not parts:
            raise ValueError("the batch has one jet only: there is no variance")
        return {
            "invariance": (z[first] - z[second]).square().mean(),
            "variance": _mean(_lack_of_spread, parts),
            "covariance": 2 * _mean(_off_diagonal, parts),
        }


def _mean(term: Callable[[Tensor], Tensor], parts: list[Tensor]) -> Tensor:
    """Average a term over branches, with a weight of one less than their jets."""
    total = sum(len(part) - 1 for part in parts)
    return torch.stack([term(part) * ((len(part) - 1) / total) for part in parts]).sum()


def _lack_of_spread(z: Tensor) -> Tensor:
    """Average over the dimensions by how much their standard deviation is below 1."""
    return functional.relu(SPREAD - (z.var(0) + EPSILON).sqrt()).mean()


def _off_diagonal(z: Tensor) -> Tensor:
    """Sum the squared covariances of different dimensions, divided by their number D."""
    centred = z - z.mean(0)
    covariance = centred.T @ centred / (len(z) - 1)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / z.shape[1]
