"""The pictures of trained taggers that a test of one and a study have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rs3l_train.evaluation.calibration import reliability
from rs3l_train.evaluation.plots import Plots
from rs3l_train.evaluation.plots_kinds import passing_kinds
from rs3l_train.evaluation.plots_scores import (
    background_masses,
    reliability_curves,
    score_distributions,
)
from rs3l_train.evaluation.scores import Scores
from rs3l_train.tasks import captions
from rs3l_train.tasks.bench import Bench


def add_scores(
    plots: Plots, bench: Bench, scores: Mapping[str, Scores], name: str = "scores", note: str = ""
) -> None:
    """Draw the scores of one tagger in each view; the note ends the title."""
    view = bench.reference
    plots.add(
        score_distributions(scores, view),
        name,
        f"Scores in each view{note}",
        captions.SCORES.format(view=view),
    )


def add_background(
    plots: Plots, bench: Bench, taggers: Mapping[str, Sequence[Mapping[str, Any]]], note: str = ""
) -> None:
    """Draw what background passes the cut of taggers in each view; the note ends the title.

    Parameters
    ----------
    taggers
        By mode, their rows of the metrics.
    """
    efficiency = bench.config.evaluation.middle_efficiency
    plots.add(
        passing_kinds(taggers, efficiency),
        "background",
        f"What background passes in each view{note}",
        captions.KINDS.format(view=bench.reference, efficiency=efficiency),
    )


def add_calibration_and_mass(
    plots: Plots, bench: Bench, taggers: Mapping[str, Scores], note: str = ""
) -> None:
    """Draw how taggers are calibrated, and what a cut does to the background's mass.

    Parameters
    ----------
    taggers
        By mode, their scores in the reference view.
    note
        Ends the titles.
    """
    view, efficiency = bench.reference, bench.config.evaluation.middle_efficiency
    plots.add(
        reliability_curves(
            {mode: reliability(own, bench.signal_share) for mode, own in taggers.items()}
        ),
        "calibration",
        f"Calibration{note}",
        captions.CALIBRATION.format(view=view),
    )
    plots.add(
        background_masses(taggers, efficiency),
        "mass",
        f"Mass of the background before and after the cut{note}",
        captions.MASS.format(view=view, efficiency=efficiency),
    )
