"""A tagger's figures of merit in every view of the test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rs3l_train.evaluation.roc import F8, auc, auc_error, threshold_at, working_point

NOMINAL = "nominal"


@dataclass(frozen=True, slots=True)
class Scores:
    """A tagger's scores in one view; signal is meant to score high."""

    signal: F8
    background: F8


def reference_view(views: Sequence[str]) -> str:
    """Name the view that the others are compared with: `nominal`, or else the first."""
    return NOMINAL if NOMINAL in views else views[0]


def figures_of_merit(
    scores: Mapping[str, Scores], efficiencies: Sequence[float]
) -> list[dict[str, Any]]:
    """Measure a tagger in each view.

    Returns
    -------
    list
        For each view `auc`, and by signal efficiency `rejection` (1/ε_B), both with their
        statistical errors, and `background_passing`, the number that the rejection rests on: where
        it is 0, rejection and error are None. `at_nominal_threshold` holds what the reference
        view's cut does here.
    """
    reference = scores[reference_view(list(scores))]
    return [_in_one_view(view, own, reference, efficiencies) for view, own in scores.items()]


def _in_one_view(
    view: str, scores: Scores, reference: Scores, efficiencies: Sequence[float]
) -> dict[str, Any]:
    points = {
        f"{efficiency:g}": working_point(scores.signal, scores.background, efficiency)
        for efficiency in efficiencies
    }
    return {
        "view": view,
        "n_signal": len(scores.signal),
        "n_background": len(scores.background),
        "auc": auc(scores.signal, scores.background),
        "auc_error": auc_error(scores.signal, scores.background),
        "rejection": {key: point.rejection for key, point in points.items()},
        "rejection_error": {key: point.rejection_error for key, point in points.items()},
        "background_passing": {key: point.n_passing for key, point in points.items()},
        "at_nominal_threshold": {
            f"{efficiency:g}": _at_threshold(scores, reference, efficiency)
            for efficiency in efficiencies
        },
    }


def _at_threshold(scores: Scores, reference: Scores, efficiency: float) -> dict[str, float | None]:
    threshold = threshold_at(reference.signal, efficiency)
    here = float(np.mean(scores.background >= threshold))
    there = float(np.mean(reference.background >= threshold))
    return {
        "signal_efficiency": float(np.mean(scores.signal >= threshold)),
        "background_efficiency": here,
        "relative_to_nominal": here / there if there else None,
    }
