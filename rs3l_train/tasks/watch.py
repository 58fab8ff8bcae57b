"""What each validation of a pretraining measures, and when it warns of a collapse."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from rs3l_data.describe.schema import Split
from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig
from rs3l_train.errors import TrainingError
from rs3l_train.evaluation.representation import (
    alignment,
    effective_rank,
    knn_auc,
    spread,
    uniformity,
)
from rs3l_train.objectives import Objective
from rs3l_train.objectives.pairs import in_pairs
from rs3l_train.tasks.contract import require_finite
from rs3l_train.tasks.encode import apply_network, evaluating
from rs3l_train.tasks.labels import tagging_task
from rs3l_train.tasks.sample import Sample
from rs3l_train.views.batches import one_view
from rs3l_train.views.choice import reference_view
from rs3l_train.views.memory import JetViews, Selection
from rs3l_train.views.source import ViewSource

logger = logging.getLogger(__name__)

COLLAPSED_RANK = 1.5
COLLAPSED_SPREAD = 0.01
NEIGHBOURS = 20


class Watch:
    """Validates an objective, the same way each time.

    Parameters
    ----------
    trained
        Whether it has begun to learn, so that the first validation may warn of a collapse.
    """

    def __init__(
        self,
        objective: Objective,
        validation: Sample,
        probe: KnnProbe | None,
        trained: bool = False,
    ):
        self.objective, self.validation, self.probe = objective, validation, probe
        self.embeddings = torch.empty(0)
        """(n, D) of the last validation"""
        self._trained = trained
        self._warned = False

    @torch.no_grad()
    def __call__(self) -> dict[str, float]:
        """Measure the loss on validation jets, the geometry of their embedding, and the probe.

        Raises
        ------
        TrainingError
            If the embedding is not finite.
        """
        with evaluating(self.objective):
            record = self._measured()
        if self.probe is not None:
            record["knn_auc"] = self.probe(self.objective)
        self._warn(record)
        return record

    def _measured(self) -> dict[str, float]:
        sample, objective = self.validation, self.objective
        of_loss, of_embedding = sample.generator(), sample.generator()
        measured: list[dict[str, float]] = []
        embeddings: list[Tensor] = []
        compared: list[Tensor] = []
        for selection in sample.epoch(0):
            batch = sample.jets.gather(selection)
            outputs = objective.outputs(batch, of_loss)
            figures = objective.figures(outputs, selection.rows)
            loss = float(objective.loss(outputs, selection.rows))
            z = objective.embed(batch, of_embedding)
            measured.append({"validation_loss": loss, **figures, **_geometry(z, selection.rows)})
            embeddings.append(z)
            if (vectors := objective.compared(outputs)) is not None:
                compared.append(vectors)
        self.embeddings = torch.cat(embeddings)
        if not self._trained:
            require_finite(objective.backbone, self.embeddings, "views of validation jets")
        elif not bool(self.embeddings.isfinite().all()):
            raise TrainingError(
                "the embedding of the validation jets is not finite: the last steps have spoilt the"
                " weights; lower the learning rate, and start anew with --resume never"
            )
        # A batch in which no two views are of one jet has no alignment.
        keys = dict.fromkeys(key for figures in measured for key in figures)
        record = {key: float(np.mean([m[key] for m in measured if key in m])) for key in keys}
        record["effective_rank"] = effective_rank(self.embeddings)
        record["spread"] = spread(self.embeddings)
        if compared:
            record["compared_spread"] = spread(torch.cat(compared))
        return record

    def _warn(self, record: Mapping[str, float]) -> None:
        """Warn of a collapse once, and not before training, which may start from little spread."""
        fault = collapse(record)
        if fault and self._trained and not self._warned:
            logger.warning("%s", fault)
            self._warned = True
        self._trained = True


class KnnProbe:
    """How well nearest neighbours in the embedding tag some validation jets of the task."""

    def __init__(self, jets: JetViews, selection: Selection, target: Tensor, inputs: str):
        self.jets, self.selection, self.target, self.inputs = jets, selection, target, inputs

    def __call__(self, objective: Objective) -> float:
        """Compute the AUC."""
        z = apply_network(objective.backbone, self.jets, self.selection, self.inputs)
        return knn_auc(z, self.target, NEIGHBOURS)


def knn_probe(jets: ViewSource, dataset: Dataset, config: TrainingConfig) -> KnnProbe | None:
    """Choose the jets of the probe.

    None if the config wants none, the dataset has not these labels, or a class has too few.
    """
    n = config.pretrain.probe_jets
    task = config.task
    known = set(task.signal) | set(task.background) <= set(dataset.labels)
    if not n or not known:
        return None
    if n < 2 * NEIGHBOURS:
        logger.info(
            "no probe while pretraining: it takes %d jets, training.pretrain.probe_jets is %d",
            *(2 * NEIGHBOURS, n),
        )
        return None
    target = tagging_task(dataset, task)
    view = jets.names.index(reference_view(jets.names))
    present = jets.present[view].cpu().numpy()
    random = np.random.default_rng(config.seed)
    classes = [
        random.permutation(rows)[: n // 2]
        for rows in target.by_class(Split.VALIDATION, present).values()
    ]
    if min(map(len, classes)) < NEIGHBOURS:
        logger.info(
            "no probe while pretraining: a class of the task has fewer than %d validation jets",
            NEIGHBOURS,
        )
        return None
    rows = torch.from_numpy(np.concatenate(classes)).to(jets.device)
    signal = torch.from_numpy(target.target).to(jets.device)[rows]
    held, rows = jets.in_memory(rows)
    return KnnProbe(held, one_view(held.present, rows, view), signal, config.data.inputs)


def collapse(record: Mapping[str, float]) -> str | None:
    """Say what is wrong with the embedding that a record describes; None if nothing."""
    advice = (
        "lower training.pretrain.learning_rate, or train for longer; of the objectives `ntxent` and"
        " `vicreg` keep embeddings apart, `simsiam` and `byol` do not by themselves"
    )
    # An objective that compares no vectors does not care for a mean that all embeddings share.
    spread_left = record.get("compared_spread", 1.0)
    if spread_left < COLLAPSED_SPREAD:
        return (
            "the embedding has collapsed: what the loss compares is nearly the same for all jets"
            f" (its spread is {spread_left:.1g} of its length); {advice}"
        )
    if record["effective_rank"] < COLLAPSED_RANK:
        return (
            "the embedding has collapsed to one direction: its effective rank is"
            f" {record['effective_rank']:.2f}; {advice}"
        )
    return None


def _geometry(z: Tensor, rows: Tensor) -> dict[str, float]:
    figures = {"uniformity": uniformity(z, rows)}
    if bool(in_pairs(rows).any()):
        figures["alignment"] = alignment(z, rows)
    return figures
