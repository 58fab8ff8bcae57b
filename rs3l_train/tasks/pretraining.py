"""A pretraining ready to run: its jets, its objective, its step."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rs3l_data.describe.schema import Split
from rs3l_data.errors import InputFileError
from rs3l_data.store.epoch import largest_share
from rs3l_data.store.reader import Dataset
from rs3l_train.backbones import backbone_of
from rs3l_train.config import TrainingConfig
from rs3l_train.config.names import chosen_views, require_labels
from rs3l_train.loop.device import precision_of
from rs3l_train.loop.processes import ALONE, Processes, processes_here
from rs3l_train.loop.saved_network import LearnedFrom
from rs3l_train.loop.step import Gradients, InParts
from rs3l_train.objectives import Objective, build
from rs3l_train.tasks.contract import JETS, require_backbone, require_objective
from rs3l_train.tasks.overlap import PRETRAINING, hard_events
from rs3l_train.tasks.sample import Sample
from rs3l_train.views.capacity import memory_of
from rs3l_train.views.loading import (
    Loading,
    bytes_needed,
    view_source,
    warn_of_unknown_errors,
)
from rs3l_train.views.memory import JetViews, Selection
from rs3l_train.views.positives import Positives, chosen_positives
from rs3l_train.views.source import ViewSource

logger = logging.getLogger(__name__)

DIAGNOSTIC_JETS = 5000
LARGEST_SHARE = 0.5
"""Of the memory, that jets may take"""

OUT_OF_MEMORY = (
    "Raise training.loop.parts, which keeps the loss as it is; or lower"
    " training.pretrain.jets_per_batch, validation_jets or probe_jets, training.data.constituents"
    " or the size of training.backbone; or, in a new training, set training.data.loading: stream,"
    " or lower training.data.buffer_mb where it is so"
)


@dataclass(frozen=True, slots=True)
class Pretraining:
    """What a pretraining works on."""

    config: TrainingConfig
    dataset: Dataset
    """Its training and validation jets, in the views to train on"""
    jets: ViewSource
    objective: Objective
    training: Sample
    validation: Sample
    held: JetViews
    """Validation jets in memory, be the others streamed or not"""
    unseen: Tensor
    """(n,) their rows in `held`, in random order"""

    def learned_from(self) -> LearnedFrom:
        """Say of which hard events the jets to train on are."""
        rows = self.training.rows.cpu().numpy()
        return {PRETRAINING: hard_events(self.dataset, rows)}


def jets_to_pretrain_on(dataset: Dataset, config: TrainingConfig) -> Dataset:
    """Choose rows and views.

    Raises
    ------
    ConfigError
        If the dataset has not the views or labels asked for.
    """
    views = chosen_views(dataset.views, config.data)
    require_labels(dataset.labels, config.data.labels or (), "data.labels")
    return dataset.select(labels=config.data.labels, splits=["train", "validation"], views=views)


def chosen_loading(
    dataset: Dataset,
    config: TrainingConfig,
    device: torch.device,
    processes: Processes = ALONE,
) -> Loading:
    """Resolve the config's choice, on which the order of the jets depends: all processes agree."""
    if config.data.loading != "auto":
        return config.data.loading
    needed = bytes_needed(dataset, dataset.views, config.data.constituents)
    # Processes on a machine share its memory, but have a GPU each.
    own = memory_of(device) / (processes_here() if device.type == "cpu" else 1)
    # Of the process with the least memory.
    part = processes.largest([needed / own])[0]
    if part < LARGEST_SHARE:
        return "memory"
    shared = largest_share(processes.count)
    loading: Loading = "shared" if part * shared < LARGEST_SHARE else "stream"
    logger.info(
        "loading: %s, as the jets take %.1f GB, or %.1f GB where processes share them, and"
        " a process may have %.1f GB",
        *(loading, needed / 1e9, shared * needed / 1e9, LARGEST_SHARE * needed / part / 1e9),
    )
    return loading


def set_up(dataset: Dataset, config: TrainingConfig, device: torch.device) -> Pretraining:
    """Choose jets, load them and build the network; see `load_and_build`."""
    chosen = jets_to_pretrain_on(dataset, config)
    return load_and_build(chosen, config, device, chosen_loading(chosen, config, device))


def load_and_build(
    dataset: Dataset,
    config: TrainingConfig,
    device: torch.device,
    loading: Loading,
    processes: Processes = ALONE,
) -> Pretraining:
    """Load the jets and build the network.

    Parameters
    ----------
    dataset
        The rows and views to train on.
    processes
        They share what each has not in its own memory.

    Raises
    ------
    ConfigError
        If the choice of positives cannot be.
    ContractError
        If network or objective are not what their base classes promise.
    InputFileError
        If too few jets are present in enough views, or labels are to be learned and there is one.
    """
    if config.objective.needs_labels and len(np.unique(dataset.initiators["label"])) < 2:
        raise InputFileError(
            f"{dataset.source}: training.objective.name: {config.objective.name!r} tells labels"
            " apart, but all jets to train on have the same; take more in training.data.labels, or"
            " another objective"
        )
    warn_of_unknown_errors(dataset, config.data)
    views = tuple(dataset.views)
    jets = view_source(dataset, config, device, loading, processes.rank, processes.count)
    torch.manual_seed(config.seed)
    backbone = backbone_of(config)
    objective = build(config, backbone, len(dataset.labels)).to(device)
    positives, pairs = chosen_positives(dataset, views, config), config.objective.needs_pairs
    training = Sample(jets, _rows(jets, dataset, Split.TRAIN, positives, pairs), positives, config)
    if len(training.rows) < config.pretrain.jets_per_batch:
        logger.warning(
            "training.pretrain.jets_per_batch: %d, but there are %d jets to pretrain on: each batch"
            " is all of them",
            *(config.pretrain.jets_per_batch, len(training.rows)),
        )
    unseen = _shuffled(_rows(jets, dataset, Split.VALIDATION, positives, pairs), config.seed)
    held, unseen = jets.in_memory(unseen[: max(config.pretrain.validation_jets, DIAGNOSTIC_JETS)])
    validation = Sample(held, unseen[: config.pretrain.validation_jets], positives, config)
    _require_contract(objective, Sample(held, unseen[:JETS], positives, config))
    return Pretraining(config, dataset, jets, objective, training, validation, held, unseen)


def _require_contract(objective: Objective, few: Sample) -> None:
    """Try network and objective on a batch of a few jets, in float32 as validations are."""
    selection = next(few.epoch(0))
    batch, generator = few.jets.gather(selection), few.generator()
    require_backbone(objective.backbone, objective.presentation(batch, generator))
    require_objective(objective, batch, selection.rows, generator)


def gradients_in_parts(pretraining: Pretraining, processes: Processes = ALONE) -> Gradients:
    """Make the step's gradient as the config's `loop` block has it."""
    config, jets, objective = pretraining.config, pretraining.jets, pretraining.objective

    def outputs_of(part: Selection, generator: torch.Generator) -> Tensor:
        with precision_of(config, jets.device):
            return objective.outputs(jets.gather(part), generator)

    def share_of(outputs: Tensor, batch: Selection, part: slice) -> Tensor:
        return objective.share(outputs, batch.rows, part)

    in_parts = InParts(
        objective,
        outputs_of,
        share_of,
        jets.device,
        config.seed,
        config.loop.parts,
        processes,
        jets.edges,
    )

    def gradients(batch: Selection, step: int) -> Tensor:
        jets.begin(batch)
        return in_parts(batch, step)

    return gradients


def _rows(
    jets: ViewSource, dataset: Dataset, split: Split, positives: Positives, pairs: bool
) -> Tensor:
    of_split = np.flatnonzero(dataset.initiators["split"] == split)
    if not len(of_split):
        # More events would not help: those of the split are in another part of the dataset.
        raise InputFileError(
            f"{dataset.source}: none of its rows to pretrain on is in the {split.name.lower()}"
            " split, and pretraining takes train and validation; if this is a part of a dataset, as"
            " `rs3l-data split` and `select` make, take the whole one, else choose others in"
            " training.data.labels"
        )
    inside = torch.from_numpy(of_split).to(jets.device)
    rows = positives.rows(jets.present, inside, pairs)
    if len(rows) < 2:
        needed = "two of the views" if pairs else "the views"
        raise InputFileError(
            f"{dataset.source}: {len(rows)} jets of the {split.name.lower()} split are present in"
            f" {needed} {', '.join(jets.names)}; pretraining takes two jets at least:"
            " choose others in training.data.views or training.data.labels, or simulate more events"
        )
    return rows


def _shuffled(rows: Tensor, seed: int) -> Tensor:
    """Put rows in a random order, as a dataset may have all jets of a kind in a row."""
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    return rows[order.to(rows.device)]
