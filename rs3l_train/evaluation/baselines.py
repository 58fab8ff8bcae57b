"""Taggers without a network: substructure variables and a window in mass."""

from __future__ import annotations

import numpy as np

from rs3l_train.evaluation.roc import F8
from rs3l_train.evaluation.substructure import Jets, ratio

LARGEST = 10.0
"""Above every N2, τ21 and τ32"""
NEEDED = {
    "n2": {"n2", "tau1"},
    "tau21": {"tau1", "tau2"},
    "tau32": {"tau2", "tau3"},
    "mass window": {"softdrop_mass"},
    "n2 in window": {"n2", "tau1", "softdrop_mass"},
    "tau21 in window": {"tau1", "tau2", "softdrop_mass"},
    "tau32 in window": {"tau2", "tau3", "softdrop_mass"},
}
"""The columns of jets that each of `baseline_scores` is made of"""


def baseline_scores(jets: Jets, signal_mass: float, half_width: float) -> dict[str, F8]:
    """Score jets, (n,) each, by variables that are low for a jet with two prongs, or with three.

    Returns
    -------
    dict
        `n2`: -N2; `tau21`: -τ2/τ1; `tau32`: -τ3/τ2, which is low for three prongs; `mass window`:
        minus the distance of the soft-drop mass from ``signal_mass`` [GeV], so that a cut on it is
        a window; `n2 in window`, `tau21 in window`, `tau32 in window`: the same for jets within
        ``half_width`` [GeV] of it, and below them the others by their distance: what keeps more
        signal than the window is a wider one. A jet whose variable is not defined, as N2 of a
        single constituent, scores lowest.
    """
    n2 = np.where(
        np.asarray(jets["tau1"], np.float64) > 0, -np.asarray(jets["n2"], np.float64), -np.inf
    )
    distance = np.abs(np.asarray(jets["softdrop_mass"], np.float64) - signal_mass)
    inside = distance <= half_width
    variables = {
        "n2": n2,
        "tau21": -ratio(jets["tau2"], jets["tau1"]),
        "tau32": -ratio(jets["tau3"], jets["tau2"]),
    }
    scores = {
        **variables,
        "mass window": -distance,
        **{
            f"{name} in window": np.where(inside, score, -LARGEST - distance)
            for name, score in variables.items()
        },
    }
    return {name: np.where(np.isfinite(score), score, -np.inf) for name, score in scores.items()}
