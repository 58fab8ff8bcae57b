"""The pictures of trained taggers, with their captions: of the test of one, and of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_train.evaluation.calibration import reliability
from rs3l_train.evaluation.plots import MODES, Plots
from rs3l_train.evaluation.plots_curves import label_efficiency, roc_curves
from rs3l_train.evaluation.plots_embedding import embedding_by_label
from rs3l_train.evaluation.plots_kinds import passing_kinds
from rs3l_train.evaluation.plots_scores import (
    background_masses,
    reliability_curves,
    score_distributions,
)
from rs3l_train.evaluation.roc import F8
from rs3l_train.evaluation.scores import Scores
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.measure import Measured

AllScores = dict[tuple[str, int, int], dict[str, Scores]]
"""By mode, number of labels and draw: by view"""

LabelledEmbedding = tuple[F8, npt.NDArray[np.str_]]
"""Of n jets: (n, D), and the names of their labels (n,)"""


def draw_tagger(
    bench: Bench, mode: str, measured: Measured, baselines: Mapping[str, Scores], folder: Path
) -> None:
    """Draw the pictures of the test of one tagger.

    Parameters
    ----------
    baselines
        By name, their scores in the reference view.
    """
    view = bench.reference
    own = measured.scores[view]
    with Plots(folder) as plots:
        plots.add(
            roc_curves({mode: [own]}, baselines),
            "roc",
            "ROC curve",
            f"Background rejection against signal efficiency on the test split of the view {view};"
            " the statistical error of the test sample is in metrics.json.",
        )
        _add_scores(plots, view, measured.scores, "scores", "")
        _add_background(plots, bench, {mode: measured.rows}, "")
        _add_calibration_and_mass(plots, bench, {mode: own}, "")


def draw_study(
    bench: Bench,
    scores: AllScores,
    baselines: Mapping[str, Scores],
    metrics: Mapping[str, Any],
    embedding: LabelledEmbedding,
    folder: Path,
) -> None:
    """Draw the pictures of a study; where one shows a single draw, the first, of most labels.

    Parameters
    ----------
    baselines
        By name, their scores in the reference view.
    """
    view = bench.reference
    task = bench.config.task
    most = max(task.labels)
    single = {mode: scores[mode, most, 0] for mode in task.modes}
    with Plots(folder) as plots:
        plots.add(
            label_efficiency(metrics["rows"], metrics["baselines"], view),
            "label_efficiency",
            "What pretraining saves in labels",
            "What the area under the ROC curve lacks of 1, and background rejection, on the test"
            f" split of the view {view} against the number of labelled jets; higher is better."
            " Capped bars: standard deviation over independent draws of the labels. Wide bars:"
            " statistical error of the test sample, the same jets for all taggers. Black, grey and"
            " light blue lines: single variables, no network.",
        )
        for n_labels in task.labels:
            curves: dict[str, list[Scores]] = {
                mode: [scores[mode, n_labels, draw][view] for draw in range(task.seeds)]
                for mode in task.modes
            }
            plots.add(
                roc_curves(curves, baselines),
                f"roc_{n_labels}",
                f"ROC curves with {n_labels} labels",
                f"Background rejection against signal efficiency on the test split of the view"
                f" {view}: one over the mean background efficiency of independent draws of the"
                " labelled jets. The bands are the range of the draws; the statistical error of"
                " the test sample, the same for all curves, is in metrics.json.",
            )
        plots.add(
            embedding_by_label(*embedding),
            "embedding",
            "The pretrained embedding by label",
            "The first two principal components of the pretrained embedding, test jets of the task"
            f" in the view {view}; labels that are neither its signal nor its background are left"
            " out. Each panel has the jets of one label in colour over all others in grey. The"
            " network is as pretraining left it.",
        )
        for mode, own in single.items():
            note = f", {MODES[mode]}, {most} labels"
            _add_scores(plots, view, own, f"scores_{mode}", note)
        rows: dict[str, list[Any]] = {
            mode: [row for row in metrics["rows"] if (row["mode"], row["labels"]) == (mode, most)]
            for mode in task.modes
        }
        _add_background(plots, bench, rows, f", {most} labels")
        in_view: dict[str, Scores] = {mode: own[view] for mode, own in single.items()}
        _add_calibration_and_mass(plots, bench, in_view, f", {most} labels")


def _add_scores(
    plots: Plots, reference: str, scores: Mapping[str, Scores], name: str, note: str
) -> None:
    """Draw the scores of one tagger in each view; the note ends the title."""
    plots.add(
        score_distributions(scores, reference),
        name,
        f"Scores in each view{note}",
        f"Score of test jets in each view, and below its ratio to the view {reference}, whose"
        " statistical error is the grey band: the closer to one, the less the tagger depends on"
        " how the jets were simulated.",
    )


def _add_background(
    plots: Plots, bench: Bench, taggers: Mapping[str, Sequence[Mapping[str, Any]]], note: str
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
        f"Background that passes the cut which keeps {efficiency:g} of the signal in the view"
        f" {bench.reference}, as a part of all background in each view, by its label and by what a"
        " gluon splits to in the jet: a shower that splits fewer gluons to heavy quarks has less"
        " background, whatever the tagger does. The mean over the draws of the labels, if there"
        " are several; the error is the statistical one of the sum.",
    )


def _add_calibration_and_mass(
    plots: Plots, bench: Bench, taggers: Mapping[str, Scores], note: str
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
        f"Share of signal among test jets of the view {view} against the probability that the"
        " tagger gives them, jets weighted to the mixture of classes that it was trained on. On"
        " the diagonal a probability means what it says. ECE: expected calibration error.",
    )
    plots.add(
        background_masses(taggers, efficiency),
        "mass",
        f"Mass of the background before and after the cut{note}",
        f"Soft-drop mass of background jets of the view {view}: all of them (grey), and those that"
        f" pass the cut which keeps {efficiency:g} of the signal; heavier jets are counted and not"
        " shown. JSD: Jensen-Shannon divergence of those that pass and those that fail; in"
        " brackets what as many jets picked at random would show.",
    )
