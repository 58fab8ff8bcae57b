"""A tagger's figures of merit in every view of the test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rs3l_train.evaluation.robustness import (
    at_threshold,
    ranks,
    wasserstein,
    wasserstein_of_noise,
)
from rs3l_train.evaluation.roc import auc, auc_error, working_point
from rs3l_train.evaluation.scores import Scores, in_common
from rs3l_train.evaluation.sculpting import sculpting
from rs3l_train.views.choice import reference_view


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
        view's cut does here, `wasserstein` how far the scores of a class, as `ranks` among those
        of the reference, lie from its own, and `sculpting` what the cut does to the mass of the
        background, where that is known.
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
    row = {
        "view": view,
        "n_signal": len(scores.signal),
        "n_background": len(scores.background),
        "auc": auc(scores.signal, scores.background),
        "auc_error": auc_error(scores.signal, scores.background),
        "rejection": {key: point.rejection for key, point in points.items()},
        "rejection_error": {key: point.rejection_error for key, point in points.items()},
        "background_passing": {key: point.n_passing for key, point in points.items()},
        "at_nominal_threshold": {
            f"{efficiency:g}": at_threshold(scores, reference, efficiency)
            for efficiency in efficiencies
        },
        "wasserstein": {name: _shift(scores, reference, name) for name in ("signal", "background")},
    }
    if scores.background_mass is not None:
        row["sculpting"] = {
            key: sculpting(scores.background_mass, point.cut(scores.background))
            for key, point in points.items()
        }
    return row


def _shift(scores: Scores, reference: Scores, name: str) -> dict[str, float]:
    """Measure how far the scores of a class are from the reference's."""
    first, second = (ranks(getattr(own, name), reference) for own in (scores, reference))
    common = in_common(*(getattr(own, f"{name}_jets") for own in (scores, reference)))
    return {
        "distance": wasserstein(first, second),
        "of_noise": wasserstein_of_noise(first, second, common),
    }
