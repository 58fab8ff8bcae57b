"""How a cut on the score changes the mass of the background that passes it.

A background that peaks at the signal's mass after the cut cannot be measured beside the peak.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_train.evaluation.roc import F8

N_BINS = 20
NOISE_DRAWS = 50

Counts = npt.NDArray[np.int64]


def sculpting(mass: F8, passing: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Compare the mass of the jets that pass a cut with that of all jets.

    Parameters
    ----------
    mass
        (n,) [GeV]; jets without one, NaN, are left out.
    passing
        (n,)

    Returns
    -------
    dict
        `jsd`: the Jensen-Shannon divergence of the two distributions, in bits: 0 are the same, 1
        have nothing in common; `inverse_jsd`, the figure of the decorrelation literature
        (arXiv:2001.05310); `jsd_of_noise`: the mean for as many jets picked at random, below which
        nothing can be seen; `n_passing`; the quartiles of the mass before and after [GeV]. None
        where no jet passes. The bins hold a twentieth of all jets each.
    """
    known = np.isfinite(mass)
    mass, passing = mass[known], passing[known]
    n_passing = int(passing.sum())
    if n_passing == 0:
        return {**dict.fromkeys(_KEYS), "n_passing": 0}
    edges = np.unique(np.quantile(mass, np.linspace(0, 1, N_BINS + 1)))
    everything = _counts(mass, edges)
    found = jensen_shannon(everything, _counts(mass[passing], edges))
    random = np.random.default_rng(len(mass))
    draws = random.multivariate_hypergeometric(everything, n_passing, size=NOISE_DRAWS)
    return {
        "jsd": found,
        "inverse_jsd": 1 / found if found > 0 else None,
        "jsd_of_noise": float(np.mean([jensen_shannon(everything, drawn) for drawn in draws])),
        "n_passing": n_passing,
        "mass_before": _quartiles(mass),
        "mass_after": _quartiles(mass[passing]),
    }


_KEYS = ("jsd", "inverse_jsd", "jsd_of_noise", "n_passing", "mass_before", "mass_after")


def jensen_shannon(first: Counts, second: Counts) -> float:
    """Compute the Jensen-Shannon divergence of two histograms (n_bins,), in bits.

    The mean Kullback-Leibler divergence from their average (Lin, IEEE Trans. Inf. Theory 37
    (1991) 145).
    """
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2
    return max(0.0, (_kullback_leibler(p, middle) + _kullback_leibler(q, middle)) / 2)


def _kullback_leibler(p: F8, q: F8) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())


def _counts(mass: F8, edges: F8) -> Counts:
    return np.bincount(np.searchsorted(edges[1:-1], mass, "right"), minlength=len(edges) - 1)


def _quartiles(mass: F8) -> list[float]:
    return [float(value) for value in np.quantile(mass, [0.25, 0.5, 0.75])]
