"""One tagger from one draw of labelled jets: frozen probe, partly or fully tuned, from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from rs3l_train.backbones import build
from rs3l_train.config import NetworkMode
from rs3l_train.evaluation.calibration import fit_temperature
from rs3l_train.loop.device import adam
from rs3l_train.loop.fit import Budget, History, fit
from rs3l_train.loop.schedule import constant
from rs3l_train.loop.step import whole_batch
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.decorrelate import decorrelated_loss
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.probe import fit_probe, score_auc
from rs3l_train.tasks.tagger import Tagger, split_scores
from rs3l_train.views.batches import labelled_batches
from rs3l_train.views.inputs import N_INPUTS, network_inputs
from rs3l_train.views.memory import Selection

SEED_STEP = 1_000_003


def train_tagger(
    bench: Bench, mode: NetworkMode, n_labels: int, draw: int, pretrained: dict[str, Tensor] | None
) -> tuple[Tagger, dict[str, Any]]:
    """Train a tagger on ``n_labels`` jets, the same ones in every mode.

    The probe is a logistic regression on the frozen embedding. Fine-tuning starts from the probe
    (arXiv:2202.10054) and trains everything, or the last layers, the backbone with its own learning
    rate. From scratch is the same network with random weights. When the validation jets no longer
    show an improvement, these go on from the best weights with a lower learning rate, and in the
    end stop.

    Parameters
    ----------
    pretrained
        Weights of a backbone; not used from scratch.

    Returns
    -------
    tagger
    details
        How the training went, and the `temperature` that calibrates the tagger's logits.

    Raises
    ------
    ConfigError
        If more of the last layers are to be trained than the backbone has.
    """
    config = bench.config
    torch.manual_seed(config.seed + SEED_STEP * draw)
    backbone = build(config.backbone, N_INPUTS[config.data.inputs])
    if mode != "scratch":
        if pretrained is None:
            raise ValueError(f"{mode} needs the weights of a pretrained backbone")
        backbone.load_state_dict(pretrained)
    tagger = Tagger(backbone, config.backbone.output[-1]).to(bench.jets.device)
    if mode == "last_layers":
        tagger.freeze_all_but_last(config.finetune.last_layers)
    labelled = bench.labelled(n_labels, draw)
    rotation = _rotation(bench, draw)
    embeddings = apply_network(tagger.backbone, bench.jets, labelled, config.data.inputs, rotation)
    tagger.set_standard(embeddings)
    details: dict[str, Any] = {}
    if mode != "scratch":
        details = _set_probe(bench, tagger, tagger.standardise(embeddings), labelled)
    if mode != "probe":
        details |= _fit(bench, tagger, mode, labelled, n_labels, draw, rotation)
    if config.evaluation.temperature_scaling:
        scores = split_scores(_score_validation(bench, tagger), _validation_target(bench))
        details["temperature"] = fit_temperature(scores, bench.signal_share)
    return tagger, details


def _rotation(bench: Bench, draw: int) -> torch.Generator | None:
    if not bench.config.data.rotation:
        return None
    return torch.Generator(bench.jets.device).manual_seed(bench.config.seed + SEED_STEP * draw)


def _score_validation(bench: Bench, tagger: Tagger) -> Tensor:
    return apply_network(tagger, bench.jets, bench.validation, bench.config.data.inputs)


def _validation_target(bench: Bench) -> Tensor:
    return bench.target[bench.validation.rows]


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
        _validation_target(bench),
    )
    with torch.no_grad():
        tagger.head.weight.copy_(probe.weight[None])
        tagger.head.bias.copy_(probe.bias)
    return {"probe_penalty": probe.penalty, "validation_auc": probe.validation_auc}


def _fit(
    bench: Bench,
    tagger: Tagger,
    mode: NetworkMode,
    labelled: Selection,
    n_labels: int,
    draw: int,
    rotation: torch.Generator | None,
) -> dict[str, Any]:
    config = bench.config
    settings = config.finetune
    backbone_rate = settings.learning_rate if mode == "scratch" else settings.backbone_learning_rate
    tuned = [parameter for parameter in tagger.backbone.parameters() if parameter.requires_grad]
    optimiser = adam(
        [
            {"params": tuned, "lr": backbone_rate},
            {"params": tagger.head.parameters(), "lr": settings.learning_rate},
        ],
        settings.learning_rate,
        bench.jets.device,
    )

    def epoch(number: int) -> Iterator[Selection]:
        generator = torch.Generator().manual_seed(config.seed + SEED_STEP * draw + number)
        return labelled_batches(labelled, settings.views_per_batch, generator)

    def loss_of(selection: Selection) -> Tensor:
        batch = bench.jets.gather(selection)
        logits = tagger(network_inputs(batch, config.data.inputs, rotation))
        return _loss(bench, logits, selection)

    def validate() -> dict[str, float]:
        logits = _score_validation(bench, tagger)
        auc = score_auc(logits, _validation_target(bench))
        if settings.decorrelate is None:
            return {"score": auc, "auc": auc}
        # The AUC alone would choose the weights that the penalty has changed least.
        return {"score": -float(_loss(bench, logits, bench.validation)), "auc": auc}

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
    return _described(history)


def _loss(bench: Bench, logits: Tensor, selection: Selection) -> Tensor:
    target = bench.target[selection.rows].float()
    decorrelate = bench.config.finetune.decorrelate
    if decorrelate is None:
        return functional.binary_cross_entropy_with_logits(logits, target)
    masses = {"mass": bench.jets.jets["mass"], "softdrop_mass": bench.softdrop_mass}
    mass = masses[decorrelate.variable][selection.views, selection.rows]
    return decorrelated_loss(logits, target, mass, decorrelate.weight)


def _described(history: History) -> dict[str, Any]:
    best = next(record for record in history.records if record["views"] == history.best_after)
    return {
        "validation_auc": best["auc"],
        "steps": history.steps,
        "views_seen": history.views,
        "best_after_views": history.best_after,
        "seconds": history.seconds,
        "learning_rate_drops": history.drops,
        "ended": history.ended,
    }
