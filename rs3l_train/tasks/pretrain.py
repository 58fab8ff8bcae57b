"""Pretraining: a backbone learns from the views of jets, by the objective that the config names."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rs3l_data.describe.schema import Split
from rs3l_data.errors import InputFileError
from rs3l_data.store.reader import Dataset
from rs3l_train.backbones import build as build_backbone
from rs3l_train.config import TrainingConfig
from rs3l_train.evaluation.plots import Plots, loss_curve
from rs3l_train.evaluation.representation import linear_r2, physical_targets, spectrum
from rs3l_train.evaluation.spectrum_plot import spectrum_plot
from rs3l_train.evaluation.tagging import reference_view
from rs3l_train.loop.checkpoint import save_network
from rs3l_train.loop.device import prepare
from rs3l_train.loop.files import start_log, write_json
from rs3l_train.loop.fit import Budget, History, fit
from rs3l_train.loop.schedule import pretraining_schedule
from rs3l_train.objectives import Objective, build
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.labels import require_labels
from rs3l_train.tasks.sample import Sample
from rs3l_train.tasks.watch import Watch, collapse, knn_probe
from rs3l_train.views.batches import one_view
from rs3l_train.views.inputs import N_INPUTS
from rs3l_train.views.memory import JetViews, Selection, chosen_views, load
from rs3l_train.views.positives import Positives, chosen_positives

logger = logging.getLogger(__name__)

SHORTCUT_R2 = 0.5
DIAGNOSTIC_JETS = 5000
LEAST_VALIDATIONS = 10


def pretrain(dataset: Dataset, config: TrainingConfig, folder: Path) -> dict[str, Any]:
    """Pretrain a backbone and save it with its metrics and plots.

    Returns
    -------
    dict
        The content of ``metrics.json``.

    Raises
    ------
    ConfigError
        If the dataset has not the views or labels asked for.
    InputFileError
        If too few jets are present in enough views.
    TrainingError
        If the loss is no longer a number.
    """
    device = prepare(config)
    views = chosen_views(dataset, config.data)
    require_labels(dataset, config.data.labels or (), "data.labels")
    dataset = dataset.select(labels=config.data.labels, splits=["train", "validation"], views=views)
    jets = load(dataset, views, config.data.constituents, device)
    torch.manual_seed(config.seed)
    backbone = build_backbone(config.backbone, N_INPUTS[config.data.inputs])
    objective = build(config, backbone, len(dataset.labels)).to(device)
    positives = chosen_positives(dataset, views, config, objective.needs_pairs)
    pairs = objective.needs_pairs
    training = Sample(jets, _rows(jets, dataset, Split.TRAIN, positives, pairs), positives, config)
    unseen = _shuffled(_rows(jets, dataset, Split.VALIDATION, positives, pairs), config.seed)
    validation = Sample(jets, unseen[: config.pretrain.validation_jets], positives, config)
    watch = Watch(objective, validation, knn_probe(jets, dataset, config))
    history = _fit(objective, training, watch, config, start_log(folder / "metrics.jsonl"))
    diagnostics = _diagnostics(backbone, jets, unseen[:DIAGNOSTIC_JETS], config)
    metrics: dict[str, Any] = {
        "stage": "pretrain",
        "objective": config.objective.name,
        "views": list(views),
        "jets": len(training.rows),
        "parameters": sum(parameter.numel() for parameter in backbone.parameters()),
        "parameters_trained": sum(parameter.numel() for parameter in objective.parameters()),
        "steps": history.steps,
        "views_seen": history.views,
        "seconds": history.seconds,
        "views_per_second": history.views / history.seconds,
        "ended": history.ended,
        "final": history.records[-1],
        "spectrum": spectrum(watch.embeddings).tolist(),
        "warnings": _warnings(history, diagnostics),
        "diagnostics": diagnostics,
    }
    save_network(folder, backbone, "backbone", config, metrics)
    with Plots(folder) as plots:
        plots.add(loss_curve(history.records), "loss", "Pretraining loss", _LOSS_CAPTION)
        plots.add(
            spectrum_plot(metrics["spectrum"], metrics["final"]["effective_rank"]),
            "spectrum",
            "Spectrum of the embedding",
            _SPECTRUM_CAPTION,
        )
    write_json(folder / "metrics.json", metrics)
    return metrics


_LOSS_CAPTION = (
    "Loss of training and validation against the views passed through the network. A dashed line"
    " is what a network that cannot tell jets apart would have in a contrastive loss."
)
_SPECTRUM_CAPTION = (
    "Singular values of the validation jets' embeddings, as parts of their sum. A healthy"
    " embedding uses many directions; one that has collapsed uses one, or none."
)


def _fit(
    objective: Objective, training: Sample, watch: Watch, config: TrainingConfig, log: Path
) -> History:
    settings = config.pretrain
    n_steps = -int(-settings.views_seen // training.views_per_step)
    generator = training.generator()

    def loss_of(selection: Selection) -> Tensor:
        outputs = objective.outputs(training.jets.gather(selection), generator)
        return objective.loss(outputs, selection.rows)

    return fit(
        objective,
        torch.optim.Adam(objective.parameters(), settings.learning_rate),
        training.epoch,
        loss_of,
        watch,
        Budget(settings.views_seen, settings.seconds),
        schedule=pretraining_schedule(settings, n_steps, training.steps),
        gradient_clip=settings.gradient_clip,
        validate_every=min(training.views, -(-settings.views_seen // LEAST_VALIDATIONS)),
        title="pretraining",
        log=log,
    )


def _rows(
    jets: JetViews, dataset: Dataset, split: Split, positives: Positives, pairs: bool
) -> Tensor:
    inside = torch.from_numpy(np.flatnonzero(dataset.initiators["split"] == split)).to(jets.device)
    rows = positives.rows(jets.present, inside, pairs)
    if len(rows) < 2:
        needed = "two of the views" if pairs else "the views"
        raise InputFileError(
            f"{dataset.source}: {len(rows)} jets of the {split.name.lower()} split are present in"
            f" {needed} {', '.join(jets.names)}; pretraining takes two jets at least:"
            " choose other views in training.data.views, or simulate more events"
        )
    return rows


def _shuffled(rows: Tensor, seed: int) -> Tensor:
    """Put rows in a random order, as a dataset may have all jets of a kind in a row."""
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    return rows[order.to(rows.device)]


def _diagnostics(
    backbone: nn.Module, jets: JetViews, rows: Tensor, config: TrainingConfig
) -> dict[str, float]:
    """R² of linear predictions from the embedding of the validation jets, one view each."""
    view = jets.index(reference_view(jets.names))
    selection = one_view(jets.present, rows, view)
    z = apply_network(backbone, jets, selection, config.data.inputs)
    targets = physical_targets(jets.gather(selection))
    return {f"r2 {name}": linear_r2(z, target) for name, target in targets.items()}


def _warnings(history: History, diagnostics: dict[str, float]) -> list[str]:
    """Name what is wrong with the embedding; the watch has told of a collapse when it saw it."""
    collapsed = collapse(history.records[-1])
    shortcuts = [
        f"the embedding holds {name} (R² = {diagnostics[f'r2 {name}']:.2f}), by which it recognises"
        " the views of a jet without its physics: use training.data.inputs: shortcut_free and"
        " training.data.rotation: true"
        for name in ("|eta|", "orientation")
        if diagnostics[f"r2 {name}"] > SHORTCUT_R2
    ]
    for shortcut in shortcuts:
        logger.warning("%s", shortcut)
    return ([collapsed] if collapsed else []) + shortcuts
