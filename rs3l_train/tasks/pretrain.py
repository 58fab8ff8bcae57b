"""Pretraining: views of a jet are pulled together, those of different jets pushed apart."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rs3l_data.describe.schema import Split
from rs3l_data.errors import InputFileError
from rs3l_data.store.reader import Dataset
from rs3l_train.backbones import build
from rs3l_train.config import TrainingConfig
from rs3l_train.evaluation.plots import Plots, loss_curve
from rs3l_train.evaluation.representation import (
    alignment,
    effective_rank,
    linear_r2,
    physical_targets,
    uniformity,
)
from rs3l_train.evaluation.tagging import reference_view
from rs3l_train.loop.checkpoint import save_network
from rs3l_train.loop.device import prepare
from rs3l_train.loop.files import start_log, write_json
from rs3l_train.loop.fit import Budget, History, fit
from rs3l_train.loop.schedule import pretraining_schedule
from rs3l_train.objectives.ntxent import ntxent
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.labels import require_labels
from rs3l_train.views.batches import contrastive_batches, one_view, paired_rows
from rs3l_train.views.inputs import N_INPUTS, network_inputs
from rs3l_train.views.loading import readable, view_source
from rs3l_train.views.memory import JetViews, Selection, chosen_views
from rs3l_train.views.source import ViewSource

logger = logging.getLogger(__name__)

COLLAPSED_RANK = 1.5
SHORTCUT_R2 = 0.5
DIAGNOSTIC_JETS = 5000
LEAST_VALIDATIONS = 10
SEED_STEP = 1_000_003


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
        If too few jets are present in two views.
    TrainingError
        If the loss is no longer a number.
    """
    device = prepare(config)
    views = chosen_views(dataset, config.data.views)
    require_labels(dataset, config.data.labels or (), "data.labels")
    dataset = dataset.select(labels=config.data.labels, splits=["train", "validation"], views=views)
    if config.data.corrupt == "skip":
        dataset = readable(dataset, views)
    jets = view_source(dataset, views, config, device)
    training = _Contrast(jets, _rows(jets, dataset, Split.TRAIN), config)
    unseen = _shuffled(_rows(jets, dataset, Split.VALIDATION), config.seed)
    held, unseen = jets.in_memory(unseen[: max(config.pretrain.validation_jets, DIAGNOSTIC_JETS)])
    validation = _Contrast(held, unseen[: config.pretrain.validation_jets], config)
    torch.manual_seed(config.seed)
    backbone = build(config.backbone, N_INPUTS[config.data.inputs]).to(device)
    history = _fit(backbone, training, validation, config, start_log(folder / "metrics.jsonl"))
    diagnostics = _diagnostics(backbone, held, unseen[:DIAGNOSTIC_JETS], config)
    _warn(history, diagnostics)
    metrics = {
        "stage": "pretrain",
        "views": list(views),
        "jets": len(training.rows),
        "parameters": sum(parameter.numel() for parameter in backbone.parameters()),
        "steps": history.steps,
        "views_seen": history.views,
        "seconds": history.seconds,
        "views_per_second": history.views / history.seconds,
        "ended": history.ended,
        "final": history.records[-1],
        "diagnostics": diagnostics,
    }
    save_network(folder, backbone, "backbone", config, metrics)
    with Plots(folder) as plots:
        plots.add(loss_curve(history.records), "loss", "Pretraining loss", _LOSS_CAPTION)
    write_json(folder / "metrics.json", metrics)
    return metrics


_LOSS_CAPTION = (
    "NT-Xent of training and validation against the views passed through the network. The dashed"
    " line is what a network that cannot tell jets apart would have."
)


class _Contrast:
    """The batches of a split, and their loss."""

    def __init__(self, jets: ViewSource, rows: Tensor, config: TrainingConfig):
        self.jets, self.rows, self.config = jets, rows, config
        views_per_jet = config.pretrain.views_per_jet or len(jets.names)
        self.views = int(jets.present[:, rows].sum(0).clamp(max=views_per_jet).sum())
        """Seen in an epoch"""

    def epoch(self, number: int) -> Iterator[Selection]:
        generator = torch.Generator().manual_seed(self.config.seed + SEED_STEP * number)
        pretrain = self.config.pretrain
        return contrastive_batches(
            self.jets, self.rows, pretrain.jets_per_batch, pretrain.views_per_jet, generator
        )

    def rotation(self) -> torch.Generator | None:
        if not self.config.data.rotation:
            return None
        return torch.Generator(self.jets.device).manual_seed(self.config.seed)

    def embed(
        self, backbone: nn.Module, selection: Selection, rotation: torch.Generator | None
    ) -> Tensor:
        batch = self.jets.gather(selection)
        features = network_inputs(batch, self.config.data.inputs, rotation)
        embeddings: Tensor = backbone(features, batch.mask)
        return embeddings

    @torch.no_grad()
    def validate(self, backbone: nn.Module) -> dict[str, float]:
        """Measure the loss and the geometry of the embedding, the same way each time."""
        rotation = self.rotation()
        measured = []
        for selection in self.epoch(0):
            z = self.embed(backbone, selection, rotation)
            measured.append(
                {
                    "validation_loss": float(
                        ntxent(z, selection.rows, self.config.objective.temperature)
                    ),
                    "alignment": alignment(z, selection.rows),
                    "uniformity": uniformity(z, selection.rows),
                    "effective_rank": effective_rank(z),
                    "chance_loss": float(np.log(len(selection) - 1)),
                }
            )
        return {key: float(np.mean([m[key] for m in measured])) for key in measured[0]}


def _fit(
    backbone: nn.Module,
    training: _Contrast,
    validation: _Contrast,
    config: TrainingConfig,
    log: Path,
) -> History:
    settings = config.pretrain
    steps_per_epoch = max(1, len(training.rows) // settings.jets_per_batch)
    # The last batch of an epoch is left out unless it is full.
    used = min(1.0, steps_per_epoch * settings.jets_per_batch / len(training.rows))
    n_steps = -(-settings.views_seen * steps_per_epoch // max(1, int(training.views * used)))
    rotation = training.rotation()

    def loss_of(selection: Selection) -> Tensor:
        z = training.embed(backbone, selection, rotation)
        return ntxent(z, selection.rows, config.objective.temperature)

    return fit(
        backbone,
        torch.optim.Adam(backbone.parameters(), settings.learning_rate),
        training.epoch,
        loss_of,
        lambda: validation.validate(backbone),
        Budget(settings.views_seen, settings.seconds),
        schedule=pretraining_schedule(settings, n_steps, steps_per_epoch),
        gradient_clip=settings.gradient_clip,
        validate_every=min(training.views, -(-settings.views_seen // LEAST_VALIDATIONS)),
        title="pretraining",
        log=log,
    )


def _rows(jets: ViewSource, dataset: Dataset, split: Split) -> Tensor:
    inside = torch.from_numpy(np.flatnonzero(dataset.initiators["split"] == split)).to(jets.device)
    rows = paired_rows(jets.present, inside)
    if len(rows) < 2:
        raise InputFileError(
            f"{dataset.source}: {len(rows)} jets of the {split.name.lower()} split are present in"
            f" two of the views {', '.join(jets.names)}; contrasting them takes two at least:"
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


def _warn(history: History, diagnostics: dict[str, float]) -> None:
    rank = history.records[-1]["effective_rank"]
    if rank < COLLAPSED_RANK:
        logger.warning(
            "the embedding has collapsed: its effective rank is %.2f; lower"
            " training.pretrain.learning_rate or train for longer",
            rank,
        )
    for name in ("|eta|", "orientation"):
        r2 = diagnostics[f"r2 {name}"]
        if r2 > SHORTCUT_R2:
            logger.warning(
                "the embedding holds %s (R² = %.2f), by which it recognises the views of a jet"
                " without its physics: use training.data.inputs: shortcut_free and"
                " training.data.rotation: true",
                name,
                r2,
            )
