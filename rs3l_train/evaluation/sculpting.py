"""How a cut on the score changes the mass of the background that passes it.

A background that peaks at the signal's mass after the cut cannot be measured beside the peak.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import entropy

from rs3l_train.evaluation.roc import F8

N_BINS = 20
NOISE_DRAWS = 50


def sculpting(mass: F8, passing: F8) -> dict[str, Any]:
    """Compare the mass of the jets that pass a cut with that of the jets that fail it.

    Parameters
    ----------
    mass
        (n,) [GeV]; jets without one, NaN, are left out.
    passing
        (n,) how much of a jet passes: 1, 0, or the part that counts of those on the threshold.

    Returns
    -------
    dict
        `jsd`: the Jensen-Shannon divergence of the two distributions, in bits: 0 are the same, 1
        have nothing in common; `inverse_jsd`, the figure of the decorrelation literature
        (ATL-PHYS-PUB-2018-014, and arXiv:2001.05310 after it; the bins here hold a twentieth of all
        jets each); `jsd_of_noise`: the mean for as many jets picked at random, below which nothing
        can be seen; `n_passing`; the quartiles of the mass of all jets and of those that pass
        [GeV]. None where no jet passes, or fails.
    """
    known = np.isfinite(mass)
    mass, passing = mass[known], passing[known]
    n_passing = float(passing.sum())
    if len(mass) < 2 or n_passing in (0, len(mass)):
        return {**dict.fromkeys(_KEYS), "n_passing": n_passing}
    edges = np.unique(np.quantile(mass, np.linspace(0, 1, N_BINS + 1)))
    everything = _counts(mass, np.ones(len(mass)), edges)
    passed = _counts(mass, passing, edges)
    found = jensen_shannon(passed, everything - passed)
    # Whole jets, and as above neither none nor all.
    n_drawn = int(np.clip(round(n_passing), 1, len(mass) - 1))
    random = np.random.default_rng(len(mass))
    draws = random.multivariate_hypergeometric(
        everything.astype(np.int64), n_drawn, size=NOISE_DRAWS
    )
    noise = [jensen_shannon(drawn, everything - drawn) for drawn in draws]
    return {
        "jsd": found,
        "inverse_jsd": 1 / found if found > 0 else None,
        "jsd_of_noise": float(np.mean(noise)),
        "n_passing": n_passing,
        "mass_before": _quartiles(mass, np.ones(len(mass))),
        "mass_after": _quartiles(mass, passing),
    }


_KEYS = ("jsd", "inverse_jsd", "jsd_of_noise", "n_passing", "mass_before", "mass_after")


def jensen_shannon(first: F8, second: F8) -> float:
    """Compute the Jensen-Shannon divergence of two histograms (n_bins,), in bits.

    The mean Kullback-Leibler divergence from their average (Lin, IEEE Trans. Inf. Theory 37
    (1991) 145).
    """
    p, q = first / first.sum(), second / second.sum()
    # SciPy's `jensenshannon` takes a root, which is NaN where rounding leaves less than 0.
    return max(0.0, float(entropy(p, p + q, base=2) + entropy(q, p + q, base=2)) / 2)


def _counts(mass: F8, weights: F8, edges: F8) -> F8:
    places = np.searchsorted(edges[1:-1], mass, "right")
    counts = np.bincount(places, weights, minlength=len(edges) - 1)
    return np.asarray(counts, dtype=np.float64)


def _quartiles(mass: F8, weights: F8) -> list[float]:
    found = np.quantile(mass, [0.25, 0.5, 0.75], weights=weights, method="inverted_cdf")
    return [float(value) for value in found]
