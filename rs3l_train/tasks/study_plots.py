"""The pictures of a study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_train.evaluation.plots import MODES, Plots
from rs3l_train.evaluation.plots_curves import label_efficiency, roc_curves
from rs3l_train.evaluation.plots_embedding import embedding_by_label
from rs3l_train.evaluation.roc import F8
from rs3l_train.evaluation.scores import Scores
from rs3l_train.tasks import captions
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.tagger_plots import add_background, add_calibration_and_mass, add_scores

AllScores = dict[tuple[str, int, int], dict[str, Scores]]
"""By mode, number of labels and draw: by view"""

LabelledEmbedding = tuple[F8, npt.NDArray[np.str_]]
"""Of n jets: (n, D), and the names of their labels (n,)"""


def draw_study(
    bench: Bench,
    scores: AllScores,
    baseline_scores: Mapping[str, Scores],
    metrics: Mapping[str, Any],
    embedding: LabelledEmbedding,
    folder: Path,
) -> None:
    """Draw the pictures of a study; where one shows a single draw, the first, of most labels."""
    view = bench.reference
    task = bench.config.task
    most = max(task.labels)
    single: dict[str, dict[str, Scores]] = {mode: scores[mode, most, 0] for mode in task.modes}
    with Plots(folder) as plots:
        plots.add(
            label_efficiency(metrics["rows"], metrics["baselines"], view),
            "label_efficiency",
            "What pretraining saves in labels",
            captions.LABELS.format(view=view),
        )
        for n_labels in task.labels:
            curves: dict[str, list[Scores]] = {
                mode: [scores[mode, n_labels, draw][view] for draw in range(task.seeds)]
                for mode in task.modes
            }
            plots.add(
                roc_curves(curves, baseline_scores),
                f"roc_{n_labels}",
                f"ROC curves with {n_labels} labels",
                captions.ROC.format(view=view),
            )
        plots.add(
            embedding_by_label(*embedding),
            "embedding",
            "The pretrained embedding by label",
            captions.EMBEDDING.format(view=view),
        )
        for mode, own in single.items():
            note = f", {MODES[mode]}, {most} labels"
            add_scores(plots, bench, own, f"scores_{mode}", note)
        rows: dict[str, list[Any]] = {
            mode: [row for row in metrics["rows"] if (row["mode"], row["labels"]) == (mode, most)]
            for mode in task.modes
        }
        add_background(plots, bench, rows, f", {most} labels")
        in_view = {mode: own[view] for mode, own in single.items()}
        add_calibration_and_mass(plots, bench, in_view, f", {most} labels")
