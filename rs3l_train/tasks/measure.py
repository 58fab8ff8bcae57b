"""Taggers measured on the test split, in every view of the dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn

from rs3l_train.evaluation.baselines import NEEDED, baseline_scores
from rs3l_train.evaluation.calibration import accuracy, calibration
from rs3l_train.evaluation.kinds import passing_by_kind
from rs3l_train.evaluation.robustness import agreement, wasserstein
from rs3l_train.evaluation.scores import Scores, in_common
from rs3l_train.evaluation.tagging import figures_of_merit
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.labels import CLASSES
from rs3l_train.tasks.tagger import Tagger, split_scores
from rs3l_train.views.batches import one_view
from rs3l_train.views.memory import Selection


@dataclass(frozen=True, slots=True)
class Measured:
    """A tagger's scores by view, and what they are worth."""

    scores: dict[str, Scores]
    rows: list[dict[str, Any]]
    """One for each view, see `docs/tagging.md`"""


def tested_views(bench: Bench) -> dict[str, Selection]:
    """Select for each view the test jets that it has."""
    rows = torch.from_numpy(bench.test).to(bench.jets.device)
    return {view: one_view(bench.jets.present, rows, v) for v, view in enumerate(bench.jets.names)}


def embed_test_jets(bench: Bench, backbone: nn.Module, views: Sequence[str]) -> dict[str, Tensor]:
    """Embed the jets of `tested_views` in some views, without rotation."""
    inputs = bench.config.data.inputs
    selections = tested_views(bench)
    return {view: apply_network(backbone, bench.jets, selections[view], inputs) for view in views}


@torch.no_grad()
def measure_tagger(bench: Bench, tagger: Tagger, temperature: float | None) -> Measured:
    """Measure a network, and the cosine between its embeddings of a jet's versions."""
    embeddings = embed_test_jets(bench, tagger.backbone, bench.jets.names)
    logits = {view: tagger.logits(z) for view, z in embeddings.items()}
    measured = measure_logits(bench, logits, temperature)
    cosines = _cosines(bench, embeddings)
    for row in measured.rows:
        row["cosine"] = cosines[row["view"]]
    return measured


def measure_logits(
    bench: Bench, logits: Mapping[str, Tensor], temperature: float | None
) -> Measured:
    """Measure any tagger by its logits for the jets of `tested_views`."""
    scores = _scores(bench, logits)
    share = bench.signal_share
    rows = _figures(bench, scores)
    reference = scores[bench.reference]
    for row in rows:
        own = scores[row["view"]]
        row["accuracy"], row["accuracy_error"] = accuracy(own, share)
        row["calibration"] = calibration(own, share, temperature)
        for name in CLASSES:
            here, there = getattr(own, name), getattr(reference, name)
            distance = wasserstein(expit(here), expit(there))
            row["wasserstein"][name]["of_probability"] = distance
    return Measured(scores, rows)


def measure_baselines(bench: Bench) -> tuple[list[dict[str, Any]], dict[str, Scores]]:
    """Measure the taggers without a network; their scores are those in the reference view.

    Those of a variable that no jet has, as N2 in datasets of others, are left out.
    """
    settings = bench.config.evaluation
    by_name: dict[str, dict[str, Tensor]] = {}
    known: set[str] = set()
    for view, selection in tested_views(bench).items():
        rows = selection.rows.cpu().numpy()
        jets = {name: column[rows] for name, column in bench.dataset.jets(view).items()}
        known |= {name for name, column in jets.items() if np.isfinite(column).any()}
        scores = baseline_scores(jets, settings.signal_mass, settings.mass_window)
        for name, score in scores.items():
            by_name.setdefault(name, {})[view] = torch.from_numpy(score)
    measured = {
        name: _scores(bench, values) for name, values in by_name.items() if NEEDED[name] <= known
    }
    table = [
        {"name": name, **row} for name, views in measured.items() for row in _figures(bench, views)
    ]
    return table, {name: views[bench.reference] for name, views in measured.items()}


def _figures(bench: Bench, scores: Mapping[str, Scores]) -> list[dict[str, Any]]:
    efficiencies = bench.config.evaluation.efficiencies
    rows = figures_of_merit(scores, efficiencies)
    for row, (view, selection) in zip(rows, tested_views(bench).items(), strict=True):
        background = selection.rows[bench.target[selection.rows] == CLASSES["background"]]
        row["background_kinds"] = passing_by_kind(
            scores[view],
            bench.kinds(view, background.cpu().numpy()),
            scores[bench.reference],
            efficiencies,
        )
    return rows


def _scores(bench: Bench, values: Mapping[str, Tensor]) -> dict[str, Scores]:
    scores = {}
    for view, selection in tested_views(bench).items():
        mass = bench.softdrop_mass[selection.views, selection.rows].cpu().numpy()
        rows = selection.rows.cpu().numpy()
        scores[view] = split_scores(values[view], bench.target[selection.rows], mass, rows)
    return scores


def _cosines(bench: Bench, embeddings: Mapping[str, Tensor]) -> dict[str, dict[str, Any]]:
    """Compare each view's embeddings with the reference's, of the jets that both have."""
    views = tested_views(bench)
    rows = {view: selection.rows.cpu().numpy() for view, selection in views.items()}
    target = bench.target.cpu().numpy()
    arrays = {view: z.double().cpu().numpy() for view, z in embeddings.items()}
    reference = bench.reference
    table: dict[str, dict[str, Any]] = {}
    for view in views:
        first, second = in_common(rows[reference], rows[view])
        table[view] = {}
        for name, value in CLASSES.items():
            own = target[rows[view][second]] == value
            if own.any():
                table[view][name] = agreement(
                    arrays[reference][first[own]], arrays[view][second[own]]
                )
    return table
