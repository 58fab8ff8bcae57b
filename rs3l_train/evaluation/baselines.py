"""Taggers without a network: substructure variables and a window in mass."""

from __future__ import annotations

import numpy as np

from rs3l_train.evaluation.roc import F8
from rs3l_train.evaluation.substructure import Jets, ratio

LARGEST = 10.0
"""Above every N2 and τ21"""
NEEDED = {
    "n2": {"n2", "tau1"},
    "tau21": {"tau1", "tau2"},
    "mass window": {"softdrop_mass"},
    "n2 in window": {"n2", "tau1", "softdrop_mass"},
    "tau21 in window": {"tau1", "tau2", "softdrop_mass"},
}
"""The columns of jets that each of `baseline_scores` is made of"""


def baseline_scores(jets: Jets, signal_mass: float, half_width: float) -> dict[str, F8]:
    """Score jets, (n,) each, by variables that are low for a jet with two prongs.

    Returns
    -------
    dict
        `n2`: -N2; `tau21`: -τ2/τ1; `mass window`: minus the distance of the soft-drop mass from
        ``signal_mass`` [GeV], so that a cut on it is a window; `n2 in window`, `tau21 in window`:
        the same for jets within ``half_width`` [GeV] of it, and below them the others by their
        distance: what keeps more signal than the window is a wider one. A jet whose variable is
        not defined, as N2 of a single constituent, scores lowest.
    """
    n2 = np.where(
        np.asarray(jets["tau1"], np.float64) > 0, -np.asarray(jets["n2"], np.float64), -np.inf
    )
    tau21 = -ratio(jets["tau2"], jets["tau1"])
    distance = np.abs(np.asarray(jets["softdrop_mass"], np.float64) - signal_mass)
    inside = distance <= half_width
    scores = {
        "n2": n2,
        "tau21": tau21,
        "mass window": -distance,
        "n2 in window": np.where(inside, n2, -LARGEST - distance),
        "tau21 in window": np.where(inside, tau21, -LARGEST - distance),
    }
    return {name: np.where(np.isfinite(score), score, -np.inf) for name, score in scores.items()}
