"""The variables of substructure and of displaced tracks that taggers without a network use."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from rs3l_train.evaluation.roc import F8

Jets = Mapping[str, npt.NDArray[np.generic]]
"""Columns of a view's jet table, (n,) each"""

VARIABLES = ("pt", "mass", "softdrop_mass", "tau1", "tau21", "tau32", "n2", "n_constituents")
COLUMNS = ("pt", "mass", "softdrop_mass", "tau1", "tau2", "tau3", "n2", "n_constituents")


def variables(jets: Jets) -> F8:
    """Collect the eight `VARIABLES` of jets: (n, 8), NaN where one is not defined."""
    columns: dict[str, npt.NDArray[np.generic]] = {
        **jets,
        "tau21": ratio(jets["tau2"], jets["tau1"]),
        "tau32": ratio(jets["tau3"], jets["tau2"]),
    }
    return np.stack([np.asarray(columns[name], np.float64) for name in VARIABLES], axis=1)


DISPLACED = 3.0
"""Significance of an impact parameter from which a track counts as displaced"""
N_SIGNIFICANCES = 4
"""Of a jet's tracks, the largest"""
TRACK_VARIABLES = 1 + N_SIGNIFICANCES


def track_variables(significance: F8) -> F8:
    """Count a jet's displaced tracks, and take its largest significances, falling: (n, 5).

    Track counting, the simplest tagger of b quarks (arXiv:1211.4462). A jet of fewer tracks has 0.

    Parameters
    ----------
    significance
        (n, P) of the transverse impact parameters, positive in front of the vertex along the jet; 0
        where there is no track.
    """
    padded = np.pad(significance, [(0, 0), (0, N_SIGNIFICANCES)])
    largest = -np.sort(-np.maximum(padded, 0), axis=1)[:, :N_SIGNIFICANCES]
    return np.column_stack([(significance > DISPLACED).sum(axis=1), largest])


def ratio(above: npt.NDArray[np.generic], below: npt.NDArray[np.generic]) -> F8:
    """Divide two columns; NaN where the lower is 0."""
    numerator, denominator = np.asarray(above, np.float64), np.asarray(below, np.float64)
    some = denominator != 0
    quotient = np.full(len(numerator), np.nan)
    quotient[some] = numerator[some] / denominator[some]
    return quotient
