"""Boosted decision trees as one more tagger: on the same labelled jets, in the same views."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rs3l_train.evaluation.calibration import fit_temperature
from rs3l_train.evaluation.roc import F8
from rs3l_train.evaluation.substructure import COLUMNS, variables
from rs3l_train.evaluation.trees import fit_trees
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.measure import Measured, measure_logits, tested_views
from rs3l_train.tasks.probe import score_auc
from rs3l_train.tasks.tagger import split_scores
from rs3l_train.views.memory import Selection


def measure_trees(bench: Bench, n_labels: int, draw: int) -> tuple[Measured, dict[str, Any]]:
    """Train trees on ``n_labels`` jets, and measure them on the test split."""
    table = _substructure(bench)

    def of(selection: Selection) -> tuple[F8, np.ndarray[Any, np.dtype[np.int64]]]:
        views, rows = selection.views.cpu().numpy(), selection.rows.cpu().numpy()
        return table[views, rows], bench.target.cpu().numpy()[rows]

    labelled = of(bench.labelled(n_labels, draw))
    validation, target = of(bench.validation)
    score, n_trees = fit_trees(*labelled, validation, target, seed=bench.config.seed + draw)

    def logits(selection: Selection) -> Tensor:
        return torch.from_numpy(score(of(selection)[0]))

    on_validation = logits(bench.validation)
    details: dict[str, Any] = {
        "trees": n_trees,
        "validation_auc": score_auc(on_validation, torch.from_numpy(target)),
    }
    if bench.config.evaluation.temperature_scaling:
        scores = split_scores(on_validation, torch.from_numpy(target))
        details["temperature"] = fit_temperature(scores, bench.signal_share)
    by_view = {view: logits(selection) for view, selection in tested_views(bench).items()}
    return measure_logits(bench, by_view, details.get("temperature")), details


def _substructure(bench: Bench) -> F8:
    """Compute the variables of all jets in all views: (V, N, 8)."""
    return np.stack([variables(bench.dataset.jets(view, COLUMNS)) for view in bench.jets.names])
