"""A penalty on what a tagger's score tells about the background's mass.

Distance correlation is 0 for independent variables alone, and unlike Pearson's coefficient sees
every kind of dependence (Székely, Rizzo and Bakirov, arXiv:0803.4101). As a penalty it keeps the
mass of the background that passes a cut as it was (DisCo, arXiv:2001.05310).
"""

from __future__ import annotations

import torch
from torch import Tensor


def squared_distance_correlation(x: Tensor, y: Tensor) -> Tensor:
    """Compute dCor² of two samples (n,) with all pairs of jets (arXiv:2001.05310, eqs. 2.2-2.4).

    The estimator with the sums over all pairs, the same jet included: never negative, and above 0
    by some 3/n for independent variables. In float64, because it is a difference of large sums.

    Returns
    -------
    ()
        Between 0 and 1; 0 where one of the two does not vary.
    """
    first, second = _centred_distances(x), _centred_distances(y)
    variances = first.square().mean() * second.square().mean()
    return (first * second).mean() / variances.clamp(min=1e-30).sqrt()


def _centred_distances(x: Tensor) -> Tensor:
    """Distances of all pairs, (n, n), less the means of their rows and columns."""
    wide = x.double()
    distance = (wide[:, None] - wide[None, :]).abs()
    means = distance.mean(0)
    return distance - means[:, None] - means[None, :] + means.mean()


def mass_penalty(logits: Tensor, target: Tensor, mass: Tensor) -> Tensor:
    """Compute dCor² between the background's probability of signal and its mass.

    Parameters
    ----------
    logits, target
        (n,), the target 1 for signal and 0 for background.
    mass
        (n,) [GeV]; jets whose mass is NaN are left out. Where fewer than two background jets have
        one, there is nothing to penalise.
    """
    used = (target == 0) & torch.isfinite(mass)
    if int(used.sum()) < 2:
        return logits.new_zeros((), dtype=torch.float64)
    return squared_distance_correlation(logits[used].sigmoid(), mass[used])
