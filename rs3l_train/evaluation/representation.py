"""What an embedding holds: its spread, and what can be read off it linearly."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from rs3l_train.evaluation.roc import auc
from rs3l_train.objectives.pairs import same_jet
from rs3l_train.views.inputs import relative_angles
from rs3l_train.views.memory import Batch

RIDGE = 1e-3
BLOCK = 1024
"""Embeddings that are compared with all at once: their distances are in memory together"""


def spectrum(embeddings: Tensor) -> Tensor:
    """Compute the singular values of centred embeddings (n, D), as parts of their sum, falling.

    Of unit vectors, as the contrastive loss compares. (min(n, D),) float64; all 0 if the
    embeddings are all the same.
    """
    unit = functional.normalize(embeddings.double(), dim=1)
    values: Tensor = torch.linalg.svdvals(unit - unit.mean(0))
    return values / values.sum().clamp(min=1e-300)


def effective_rank(embeddings: Tensor) -> float:
    """Count the directions that embeddings (n, D) use: a number between 1 and D.

    The exponential of the entropy of the singular values (Roy and Vetterli, EUSIPCO 2007).
    """
    return float(torch.special.entr(spectrum(embeddings)).sum().exp())


def spread(embeddings: Tensor) -> float:
    """Measure how far embeddings (n, D) lie from their mean, relative to their length.

    Between 0, where all are the same, and 1, where they point in all directions alike. The
    effective rank does not see the first: it is that of the rounding errors then.
    """
    z = embeddings.double()
    length = z.square().sum(1).mean()
    return float(((z - z.mean(0)).square().sum(1).mean() / length.clamp(min=1e-300)).sqrt())


def knn_auc(embeddings: Tensor, target: Tensor, k: int) -> float:
    """Tag each jet by its ``k`` nearest neighbours among the others; AUC of that.

    By the cosines of the embeddings less their mean. With each jet one of the other class is left
    out, so that all are asked among as many of either class: else signal would have one signal jet
    fewer to find, and an embedding that holds nothing an AUC below one half.

    Parameters
    ----------
    embeddings
        (n, D)
    target
        (n,) 1 for signal, 0 for background
    """
    centred = embeddings.double() - embeddings.double().mean(0)
    unit = functional.normalize(centred, dim=1)
    similarity = (unit @ unit.T).fill_diagonal_(-torch.inf)
    classes = [(target == value).nonzero().flatten() for value in (0, 1)]
    for own, other in (classes, reversed(classes)):
        places = torch.arange(len(own), device=own.device)
        similarity[own, other[places % len(other)]] = -torch.inf
    nearest = similarity.topk(min(k, len(unit) - 2), dim=1).indices
    score = target.double()[nearest].mean(1).cpu().numpy()
    signal = (target == 1).cpu().numpy()
    return auc(score[signal], score[~signal])


def alignment(embeddings: Tensor, jets: Tensor) -> float:
    """Average the squared distance of two views of a jet on the unit sphere (arXiv:2005.10242)."""
    total, n = 0.0, 0
    for distance, part in _distances(embeddings):
        same = same_jet(jets, part)
        total += float(distance[same].sum())
        n += int(same.sum())
    return total / n if n else math.nan


def uniformity(embeddings: Tensor, jets: Tensor) -> float:
    """Compute log mean exp(-2 d²) over views of different jets (arXiv:2005.10242); low is good."""
    total, n = 0.0, 0
    for distance, part in _distances(embeddings):
        other = jets[part, None] != jets
        total += float((-2 * distance[other]).exp().sum())
        n += int(other.sum())
    return math.log(total / n) if n else math.nan


def linear_r2(embeddings: Tensor, target: Tensor) -> float:
    """Predict a quantity from embeddings by ridge regression on one half; R² on the other.

    Parameters
    ----------
    embeddings
        (n, D)
    target
        (n,), or (n, k), of which the best predicted column counts.

    Returns
    -------
    float
        1 is a perfect prediction, 0 none; below 0 it is worse than the mean.
    """
    x = embeddings.double()
    x = (x - x.mean(0)) / x.std(0).clamp(min=1e-9)
    x = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
    y = target.double().view(len(target), -1)
    y = y - y.mean(0)
    fit, test = slice(0, None, 2), slice(1, None, 2)
    penalty = RIDGE * len(x[fit]) * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(x[fit].T @ x[fit] + penalty, x[fit].T @ y[fit])
    residual = (y[test] - x[test] @ weights).square().sum(0)
    variation = (y[test] - y[test].mean(0)).square().sum(0)
    # Where all jets have the same there is nothing to predict.
    return float(torch.where(variation > 0, 1 - residual / variation, 0).max())


def physical_targets(batch: Batch) -> dict[str, Tensor]:
    """Compute quantities of jets, (n,) or (n, 4), to look for in their embedding.

    |eta| and the orientation of the jet in (Δη, Δφ) are shortcuts: the views of a jet share them,
    and they say nothing about its kind. log pT and log mass are physics. An orientation is an
    angle, which no linear regression finds as such: its columns are the cosine and sine of twice
    that of the principal axis of the radiation, and of that of its third moment, which tells the
    two ends of the axis apart.
    """
    return {
        "|eta|": batch.jets["eta"].abs(),
        "orientation": _orientation(batch),
        "log pt": batch.jets["pt"].log(),
        "log mass": batch.jets["mass"].clamp(min=1e-3).log(),
    }


def _orientation(batch: Batch) -> Tensor:
    """Cosines and sines of the two angles, (n, 4); moments of the radiation weighted with pT.

    The first moment is no use: about the jet's axis it vanishes.
    """
    deta, dphi = relative_angles(batch)
    weight = batch.constituents["pt"] * batch.mask
    third = weight * (deta.square() + dphi.square())
    second = _unit(
        (weight * (deta.square() - dphi.square())).sum(1), (weight * 2 * deta * dphi).sum(1)
    )
    return torch.stack([*second, *_unit((third * deta).sum(1), (third * dphi).sum(1))], dim=1)


def _unit(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    length = torch.hypot(x, y).clamp(min=1e-12)
    return x / length, y / length


def _distances(embeddings: Tensor) -> Iterator[tuple[Tensor, slice]]:
    """Squared distances on the unit sphere from some embeddings to all, (n_part, n), and whose."""
    unit = functional.normalize(embeddings.double(), dim=1)
    for start in range(0, len(unit), BLOCK):
        part = slice(start, start + BLOCK)
        yield (2 - 2 * unit[part] @ unit.T).clamp(min=0), part
