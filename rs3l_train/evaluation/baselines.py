"""Taggers without a network: one substructure variable each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_train.evaluation.roc import F8


def baseline_scores(jets: dict[str, npt.NDArray[np.generic]], signal_mass: float) -> dict[str, F8]:
    """Score jets, (n,) each, by variables that are low for a jet with two prongs.

    Returns
    -------
    dict
        `n2`: -N2; `tau21`: -τ2/τ1; `mass window`: minus the distance of the soft-drop mass from
        ``signal_mass`` [GeV], so that a cut on it is a window. A jet whose variable is not
        defined scores lowest.
    """
    column = {name: np.asarray(jets[name], np.float64) for name in _COLUMNS}
    with np.errstate(divide="ignore", invalid="ignore"):
        tau21 = column["tau2"] / column["tau1"]
    scores = {
        "n2": -column["n2"],
        "tau21": -tau21,
        "mass window": -np.abs(column["softdrop_mass"] - signal_mass),
    }
    return {name: np.where(np.isfinite(score), score, -np.inf) for name, score in scores.items()}


_COLUMNS = ("n2", "tau1", "tau2", "softdrop_mass")
