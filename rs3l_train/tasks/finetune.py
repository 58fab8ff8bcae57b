"""One tagger from one draw of labelled jets: frozen probe, fine-tuned, or from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rs3l_data.describe.schema import Split
from rs3l_data.store.reader import Dataset
from rs3l_train.backbones import build
from rs3l_train.config import TrainingConfig
from rs3l_train.evaluation.tagging import Scores, reference_view
from rs3l_train.loop.device import adam
from rs3l_train.loop.fit import Budget, fit
from rs3l_train.loop.schedule import constant
from rs3l_train.loop.step import whole_batch
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.labels import TaggingTask, draw_at_most, draw_labelled, tagging_task
from rs3l_train.tasks.probe import fit_probe, score_auc
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.views.batches import all_views, labelled_batches, one_view
from rs3l_train.views.inputs import N_INPUTS, network_inputs
from rs3l_train.views.memory import JetViews, Selection, chosen_views, load

Mode = Literal["probe", "full", "scratch"]
MODES: tuple[Mode, ...] = ("probe", "full", "scratch")

SEED_STEP = 1_000_003


@dataclass(frozen=True)
class Bench:
    """A tagging task ready to train and test on: its jets in memory and their targets."""

    config: TrainingConfig
    dataset: Dataset
    """The rows of signal and background"""
    jets: JetViews
    """In all views of the dataset"""
    training_present: Tensor
    """(V, N) bool: `jets.present` in the views to train on, False in the others"""
    task: TaggingTask
    target: Tensor
    """(N,) 1 signal, 0 background"""
    validation: Selection
    test: np.ndarray[Any, np.dtype[np.int64]]
    """Rows of the test split"""

    @property
    def reference(self) -> str:
        """The view that decides on early stopping, and that others are compared with."""
        return reference_view(self.jets.names)

    def labelled(self, n: int, draw: int) -> Selection:
        """Draw ``n`` labelled jets, each with all its training views."""
        usable = self.training_present.any(0).cpu().numpy()
        rows = draw_labelled(self.task, Split.TRAIN, usable, n, [self.config.seed, draw])
        return all_views(self.training_present, torch.from_numpy(rows).to(self.jets.device))


def set_bench(dataset: Dataset, config: TrainingConfig, device: torch.device) -> Bench:
    """Load the jets of the config's task.

    Raises
    ------
    ConfigError
        If the dataset has not the views or labels asked for.
    InputFileError
        If a class is empty where it is needed.
    """
    trained_on = chosen_views(dataset, config.data)
    task = tagging_task(dataset, config.task)
    dataset = dataset[task.target >= 0]
    task = tagging_task(dataset, config.task)
    jets = load(dataset, tuple(dataset.views), config.data.constituents, device)
    in_training = torch.tensor([name in trained_on for name in jets.names], device=device)
    reference = jets.index(reference_view(jets.names))
    in_reference = jets.present[reference].cpu().numpy()
    validation = draw_at_most(
        task, Split.VALIDATION, in_reference, config.task.validation_labels, [config.seed]
    )
    somewhere = jets.present.any(0).cpu().numpy()
    test = draw_at_most(task, Split.TEST, somewhere, config.evaluation.max_jets, [config.seed])
    rows = torch.from_numpy(validation).to(device)
    return Bench(
        config,
        dataset,
        jets,
        jets.present & in_training[:, None],
        task,
        torch.from_numpy(task.target).to(device),
        one_view(jets.present, rows, reference),
        test,
    )


def train_tagger(
    bench: Bench, mode: Mode, n_labels: int, draw: int, pretrained: dict[str, Tensor] | None
) -> tuple[Tagger, dict[str, Any]]:
    """Train a tagger on ``n_labels`` jets, the same ones in every mode.

    The probe is a logistic regression on the frozen embedding. Fine-tuning starts from the probe
    (arXiv:2202.10054) and trains everything, the backbone with its own learning rate. From scratch
    is the same network with random weights. When the AUC on the validation jets no longer improves,
    the last two go on from the best weights with a lower learning rate, and in the end stop.

    Parameters
    ----------
    pretrained
        Weights of a backbone; not used from scratch.

    Returns
    -------
    tagger
    details
        How the training went.
    """
    config = bench.config
    torch.manual_seed(config.seed + SEED_STEP * draw)
    backbone = build(config.backbone, N_INPUTS[config.data.inputs])
    if mode != "scratch":
        if pretrained is None:
            raise ValueError(f"{mode} needs the weights of a pretrained backbone")
        backbone.load_state_dict(pretrained)
    tagger = Tagger(backbone, config.backbone.output[-1]).to(bench.jets.device)
    labelled = bench.labelled(n_labels, draw)
    rotation = _rotation(bench, draw)
    embeddings = apply_network(tagger.backbone, bench.jets, labelled, config.data.inputs, rotation)
    tagger.set_standard(embeddings)
    details: dict[str, Any] = {}
    if mode != "scratch":
        details = _set_probe(bench, tagger, tagger.standardise(embeddings), labelled)
    if mode != "probe":
        details |= _fit(bench, tagger, mode, labelled, n_labels, draw, rotation)
    return tagger, details


def score_test_split(bench: Bench, tagger: Tagger) -> dict[str, Scores]:
    """Score the test jets in every view of the dataset, without rotation."""
    rows = torch.from_numpy(bench.test).to(bench.jets.device)
    scores = {}
    for v, view in enumerate(bench.jets.names):
        selection = one_view(bench.jets.present, rows, v)
        values = apply_network(tagger, bench.jets, selection, bench.config.data.inputs)
        scores[view] = split_scores(values, bench.target[selection.rows])
    return scores


def split_scores(values: Tensor, target: Tensor) -> Scores:
    """Part scores (n,) by their targets (n,)."""
    values, signal = values.double().cpu(), (target == 1).cpu()
    return Scores(values[signal].numpy(), values[~signal].numpy())


def _rotation(bench: Bench, draw: int) -> torch.Generator | None:
    if not bench.config.data.rotation:
        return None
    return torch.Generator(bench.jets.device).manual_seed(bench.config.seed + SEED_STEP * draw)


def _set_probe(
    bench: Bench, tagger: Tagger, embeddings: Tensor, labelled: Selection
) -> dict[str, Any]:
    validation = apply_network(
        tagger.backbone, bench.jets, bench.validation, bench.config.data.inputs
    )
    probe = fit_probe(
        embeddings,
        bench.target[labelled.rows],
        tagger.standardise(validation),
        bench.target[bench.validation.rows],
    )
    with torch.no_grad():
        tagger.head.weight.copy_(probe.weight[None])
        tagger.head.bias.copy_(probe.bias)
    return {"probe_penalty": probe.penalty, "validation_auc": probe.validation_auc}


def _fit(
    bench: Bench,
    tagger: Tagger,
    mode: Mode,
    labelled: Selection,
    n_labels: int,
    draw: int,
    rotation: torch.Generator | None,
) -> dict[str, Any]:
    config = bench.config
    settings = config.finetune
    backbone_rate = settings.learning_rate if mode == "scratch" else settings.backbone_learning_rate
    optimiser = adam(
        [
            {"params": tagger.backbone.parameters(), "lr": backbone_rate},
            {"params": tagger.head.parameters(), "lr": settings.learning_rate},
        ],
        settings.learning_rate,
        bench.jets.device,
    )
    target = bench.target.float()

    def epoch(number: int) -> Iterator[Selection]:
        generator = torch.Generator().manual_seed(config.seed + SEED_STEP * draw + number)
        return labelled_batches(labelled, settings.views_per_batch, generator)

    def loss_of(selection: Selection) -> Tensor:
        batch = bench.jets.gather(selection)
        logits = tagger(network_inputs(batch, config.data.inputs, rotation))
        return functional.binary_cross_entropy_with_logits(logits, target[selection.rows])

    def validate() -> dict[str, float]:
        scores = apply_network(tagger, bench.jets, bench.validation, config.data.inputs)
        return {"score": score_auc(scores, bench.target[bench.validation.rows])}

    history = fit(
        tagger,
        optimiser,
        epoch,
        whole_batch(loss_of),
        validate,
        Budget(settings.max_views_seen, patience=settings.patience, drops=settings.drops),
        schedule=constant,
        gradient_clip=settings.gradient_clip,
        validate_every=settings.validate_every,
        title=f"{mode}, {n_labels} labels",
    )
    return {
        "validation_auc": history.best_score,
        "steps": history.steps,
        "views_seen": history.views,
        "best_after_views": history.best_after,
        "seconds": history.seconds,
        "learning_rate_drops": history.drops,
        "ended": history.ended,
    }
