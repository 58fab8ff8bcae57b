"""The study: what pretraining gains, for how many labels, and whether it holds in every view."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.errors import InputFileError
from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig
from rs3l_train.evaluation.plots import (
    MODES as MODE_NAMES,
)
from rs3l_train.evaluation.plots import (
    Plots,
    label_efficiency,
    roc_curves,
    score_distributions,
)
from rs3l_train.evaluation.tagging import Scores, figures_of_merit
from rs3l_train.loop.device import prepare
from rs3l_train.loop.files import write_json
from rs3l_train.tasks.finetune import MODES, Bench, score_test_split, set_bench, train_tagger
from rs3l_train.tasks.stages import (
    ROC_CAPTION,
    SCORES_CAPTION,
    baselines,
    pretrained_weights,
    task_summary,
)

logger = logging.getLogger(__name__)

AllScores = dict[tuple[str, int, int], dict[str, Scores]]
"""By mode, number of labels and draw: by view"""


def study(
    dataset: Dataset, config: TrainingConfig, pretrained: Path, folder: Path
) -> dict[str, Any]:
    """Compare probe, fine-tuned and scratch networks for each number of labels and each draw.

    All three learn from the same jets and stop on the same validation jets.

    Returns
    -------
    dict
        The content of ``metrics.json``: `task`, `rows` (one for each mode, number of labels, draw
        and view), `trainings`, `baselines`, `diagnostics` of the pretrained network.

    Raises
    ------
    ConfigError, InputFileError
        If dataset, config and pretrained network do not fit together.
    TrainingError
        If a loss is no longer a number.
    """
    weights = pretrained_weights(pretrained, config)
    pretraining = _pretraining_metrics(pretrained)
    bench = set_bench(dataset, config, prepare(config))
    for n_labels in config.task.labels:
        bench.labelled(n_labels, 0)  # Too few labels must show before hours of training.
    rows: list[dict[str, Any]] = []
    trainings: list[dict[str, Any]] = []
    scores: AllScores = {}
    for n_labels in config.task.labels:
        for draw in range(config.task.seeds):
            for mode in MODES:
                tagger, details = train_tagger(bench, mode, n_labels, draw, weights)
                own = score_test_split(bench, tagger)
                keys = {"mode": mode, "labels": n_labels, "seed": draw}
                merits = figures_of_merit(own, config.evaluation.efficiencies)
                rows += [{**keys, **row} for row in merits]
                trainings.append({**keys, **details})
                scores[mode, n_labels, draw] = own
                auc = merits[bench.jets.index(bench.reference)]["auc"]
                logger.info("%s, %d labels, draw %d: AUC %.4f", mode, n_labels, draw, auc)
    baseline_rows, baseline_curves = baselines(bench)
    metrics = {
        "stage": "study",
        "task": task_summary(bench),
        "rows": rows,
        "trainings": trainings,
        "baselines": baseline_rows,
        "diagnostics": pretraining,
        "summary": _summary(rows, bench),
    }
    _plot(bench, scores, baseline_curves, metrics, folder)
    write_json(folder / "metrics.json", metrics)
    return metrics


def _pretraining_metrics(folder: Path) -> dict[str, Any]:
    path = folder / "metrics.json"
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputFileError(f"{path}: cannot be read: {error}; pretrain again") from None
    return {**metrics["diagnostics"], **metrics["final"]}


def _summary(rows: list[dict[str, Any]], bench: Bench) -> list[dict[str, Any]]:
    """Mean and spread of the AUC over the draws, in the nominal view."""
    config = bench.config
    table = []
    for n_labels in config.task.labels:
        for mode in MODES:
            aucs = [
                row["auc"]
                for row in rows
                if (row["mode"], row["labels"], row["view"]) == (mode, n_labels, bench.reference)
            ]
            table.append(
                {
                    "mode": mode,
                    "labels": n_labels,
                    "auc_mean": float(np.mean(aucs)),
                    "auc_std": float(np.std(aucs, ddof=1)) if len(aucs) > 1 else None,
                }
            )
    return table


def _plot(
    bench: Bench,
    scores: AllScores,
    baseline_curves: dict[str, Scores],
    metrics: dict[str, Any],
    folder: Path,
) -> None:
    view = bench.reference
    draws = range(bench.config.task.seeds)
    with Plots(folder) as plots:
        plots.add(
            label_efficiency(metrics["rows"], metrics["baselines"], view),
            "label_efficiency",
            "What pretraining saves in labels",
            f"AUC on the test split of the view {view} against the number of labelled jets; bars"
            " are the spread over draws of the labels. Grey: single variables, no network.",
        )
        for n_labels in bench.config.task.labels:
            curves = {
                MODE_NAMES[mode]: [scores[mode, n_labels, draw][view] for draw in draws]
                for mode in MODES
            }
            curves |= {name: [own] for name, own in baseline_curves.items()}
            plots.add(
                roc_curves(curves),
                f"roc_{n_labels}",
                f"ROC curves with {n_labels} labels",
                ROC_CAPTION.format(view=view),
            )
        most = max(bench.config.task.labels)
        for mode in MODES:
            plots.add(
                score_distributions(scores[mode, most, 0]),
                f"scores_{mode}",
                f"Scores in each view, {MODE_NAMES[mode]}, {most} labels",
                SCORES_CAPTION,
            )
