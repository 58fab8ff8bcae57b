"""Boosted decision trees as one more tagger: on the same labelled jets, in the same views."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rs3l_train.evaluation.calibration import fit_temperature
from rs3l_train.evaluation.roc import F8
from rs3l_train.evaluation.substructure import (
    COLUMNS,
    TRACK_VARIABLES,
    track_variables,
    variables,
)
from rs3l_train.evaluation.trees import fit_trees
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.measure import Measured, measure_logits, tested_views
from rs3l_train.tasks.probe import score_auc
from rs3l_train.tasks.tagger import split_scores
from rs3l_train.views.inputs import relative_angles
from rs3l_train.views.memory import Batch, Selection

_JETS = 20_000
"""That are padded at once"""


def measure_trees(bench: Bench, n_labels: int, draw: int) -> tuple[Measured, dict[str, Any]]:
    """Train trees on ``n_labels`` jets, and measure them on the test split."""
    table = _variables(bench)

    def of(selection: Selection) -> tuple[F8, np.ndarray[Any, np.dtype[np.int64]]]:
        views, rows = selection.views.cpu().numpy(), selection.rows.cpu().numpy()
        return table[views, rows], bench.target.cpu().numpy()[rows]

    labelled = of(bench.labelled(n_labels, draw))
    validation, target = of(bench.validation)
    seed = (bench.config.seed + draw) % 2**32  # scikit-learn takes none that is larger.
    score, n_trees = fit_trees(*labelled, validation, target, seed=seed)

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


def _variables(bench: Bench) -> F8:
    """Compute the variables of all jets in all views: (V, N, 13)."""
    jets = bench.jets
    tables = []
    for number, view in enumerate(jets.names):
        rows = jets.present[number].nonzero().flatten()
        tracks = np.full((jets.n_rows, TRACK_VARIABLES), np.nan)
        for part in torch.split(rows, _JETS):
            batch = jets.gather(Selection(torch.full_like(part, number), part))
            tracks[part.cpu().numpy()] = track_variables(_significances(batch).cpu().numpy())
        tables.append(np.hstack([variables(bench.dataset.jets(view, COLUMNS)), tracks]))
    return np.stack(tables)


def _significances(batch: Batch) -> Tensor:
    """Compute those of d0, with the sign of a flight along the jet: (n, P), 0 without a track."""
    c = batch.constituents
    _, dphi = relative_angles(batch)
    measured = batch.mask & (c["d0_error"] > 0)
    signed = (c["d0"] * dphi.sign()).double()
    return torch.where(measured, signed / c["d0_error"].clamp(min=1e-9), 0.0)
