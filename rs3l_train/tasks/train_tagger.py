"""One tagger from one draw of labelled jets: frozen probe, partly or fully tuned, from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rs3l_train.backbones import backbone_of
from rs3l_train.backbones.compiled import compile_backbones
from rs3l_train.config import NetworkMode
from rs3l_train.evaluation.calibration import fit_temperature
from rs3l_train.loop.device import adam, precision_of
from rs3l_train.loop.fit import fit
from rs3l_train.loop.history import Budget, History
from rs3l_train.loop.logs import MetricsLog
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.loop.step import SEED_STEP, InParts, in_one_share
from rs3l_train.loop.training_state import Checkpoints
from rs3l_train.loop.updates import Updates
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.contract import JETS, require_backbone, require_finite
from rs3l_train.tasks.decorrelate import mass_penalty
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.probe import fit_probe, score_auc
from rs3l_train.tasks.tagger import Tagger, split_scores
from rs3l_train.views.batches import labelled_batches
from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.memory import Selection


def train_tagger(
    bench: Bench,
    mode: NetworkMode,
    n_labels: int,
    draw: int,
    pretrained: dict[str, Tensor] | None,
    *,
    log: MetricsLog | None = None,
    checkpoints: Checkpoints | None = None,
    processes: Processes = ALONE,
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
    log, checkpoints, processes
        Of the training; see `fit`.

    Returns
    -------
    tagger
    details
        How the training went, and the `temperature` that calibrates the tagger's logits.

    Raises
    ------
    ConfigError
        If more of the last layers are to be trained than the backbone has, or a batch has fewer
        views than there are processes.
    ContractError
        If the network is not what `Backbone` promises.
    TrainingError
        If the loss or its gradient is not finite.
    TrainingStoppedError
        If a signal asked to stop.
    ValueError
        If a mode other than ``scratch`` is given no weights.
    """
    config = bench.config
    torch.manual_seed(config.seed + SEED_STEP * draw)
    backbone = backbone_of(config)
    if mode != "scratch":
        if pretrained is None:
            raise ValueError(f"{mode} needs the weights of a pretrained backbone")
        backbone.load_state_dict(pretrained)
    tagger = Tagger(backbone).to(bench.jets.device)
    if mode == "last_layers":
        tagger.freeze_all_but_last(config.finetune.last_layers)
    labelled = bench.labelled(n_labels, draw)
    few = bench.jets.gather(labelled[:JETS])
    require_backbone(backbone, network_inputs(few, config.data.inputs))
    embeddings = apply_network(
        tagger.backbone, bench.jets, labelled, config.data.inputs, _rotation(bench, draw)
    )
    require_finite(tagger.backbone, embeddings, "views of labelled jets")
    tagger.set_standard(embeddings)
    details: dict[str, Any] = {}
    if mode != "scratch":
        details = _set_probe(bench, tagger, tagger.standardise(embeddings), labelled)
    if mode != "probe":
        if config.loop.compile:
            compile_backbones(backbone)
        settings = config.finetune
        updates = Updates(
            tagger,
            _optimiser(bench, tagger, mode),
            _gradients(bench, tagger, draw, processes),
            gradient_clip=settings.gradient_clip,
        )
        history = fit(
            updates,
            partial(_epoch, bench, labelled, draw),
            partial(_validate, bench, tagger),
            Budget(settings.max_views_seen, patience=settings.patience, drops=settings.drops),
            validate_every=settings.validate_every,
            title=f"{mode}, {n_labels} labels",
            log=log,
            checkpoints=checkpoints,
            processes=processes,
        )
        # PyTorch multiplies in another order by weights that are held fixed: as read from its file,
        # the tagger would score jets differently in the last digits.
        tagger.requires_grad_(True)
        details |= _described(history)
    if config.evaluation.temperature_scaling:
        scores = split_scores(_on_validation(bench, tagger), _validation_target(bench))
        details["temperature"] = fit_temperature(scores, bench.signal_share)
    return tagger, details


def _rotation(bench: Bench, draw: int) -> torch.Generator | None:
    if not bench.config.data.rotation:
        return None
    return torch.Generator(bench.jets.device).manual_seed(bench.config.seed + SEED_STEP * draw)


def _on_validation(bench: Bench, network: nn.Module) -> Tensor:
    return apply_network(network, bench.jets, bench.validation, bench.config.data.inputs)


def _validation_target(bench: Bench) -> Tensor:
    return bench.target[bench.validation.rows]


def _set_probe(
    bench: Bench, tagger: Tagger, embeddings: Tensor, labelled: Selection
) -> dict[str, Any]:
    probe = fit_probe(
        embeddings,
        bench.target[labelled.rows],
        tagger.standardise(_on_validation(bench, tagger.backbone)),
        _validation_target(bench),
        bench.signal_share,
    )
    with torch.no_grad():
        tagger.head.weight.copy_(probe.weight[None])
        tagger.head.bias.copy_(probe.bias)
    return {"probe_penalty": probe.penalty, "validation_auc": probe.validation_auc}


def _optimiser(bench: Bench, tagger: Tagger, mode: NetworkMode) -> torch.optim.Adam:
    settings = bench.config.finetune
    backbone_rate = settings.learning_rate if mode == "scratch" else settings.backbone_learning_rate
    tuned = [parameter for parameter in tagger.backbone.parameters() if parameter.requires_grad]
    return adam(
        [
            {"params": tuned, "lr": backbone_rate},
            {"params": tagger.head.parameters(), "lr": settings.learning_rate},
        ],
        settings.learning_rate,
        bench.jets.device,
    )


def _epoch(bench: Bench, labelled: Selection, draw: int, number: int) -> Iterator[Selection]:
    """Give the batches of an epoch, the same ones each time."""
    config = bench.config
    generator = torch.Generator().manual_seed(config.seed + SEED_STEP * draw + number)
    return labelled_batches(labelled, config.finetune.views_per_batch, generator)


def _gradients(bench: Bench, tagger: Tagger, draw: int, processes: Processes) -> InParts:
    config, device = bench.config, bench.jets.device

    def outputs_of(part: Selection, generator: torch.Generator) -> Tensor:
        rotation = generator if config.data.rotation else None
        inputs = network_inputs(bench.jets.gather(part), config.data.inputs, rotation)
        with precision_of(config, device):
            logits: Tensor = tagger(inputs)
        return logits[:, None]

    def loss_of(outputs: Tensor, batch: Selection) -> Tensor:
        return _loss(bench, outputs.squeeze(1), batch)

    seed = config.seed + SEED_STEP * draw
    share_of, parts = in_one_share(loss_of), config.finetune.parts
    return InParts(tagger, outputs_of, share_of, device, seed, parts, processes)


def _validate(bench: Bench, tagger: Tagger) -> dict[str, float]:
    logits, target = _on_validation(bench, tagger), _validation_target(bench)
    auc = score_auc(logits, target)
    if bench.config.finetune.decorrelate is None:
        return {"score": auc, "auc": auc}
    # The AUC alone would choose the weights that the penalty has changed least. The classes weigh
    # as among labelled jets: more background here would favour a tagger that calls all jets so.
    share, mean = bench.signal_share, target.float().mean()
    weight = (
        None if share is None else torch.where(target == 1, share / mean, (1 - share) / (1 - mean))
    )
    return {"score": -float(_loss(bench, logits, bench.validation, weight)), "auc": auc}


def _loss(
    bench: Bench, logits: Tensor, selection: Selection, weight: Tensor | None = None
) -> Tensor:
    target = bench.target[selection.rows]
    loss = functional.binary_cross_entropy_with_logits(logits, target.float(), weight)
    decorrelate = bench.config.finetune.decorrelate
    if decorrelate is None:
        return loss
    masses = {"mass": bench.jets.jets["mass"], "softdrop_mass": bench.softdrop_mass}
    mass = masses[decorrelate.variable][selection.views, selection.rows]
    return loss + decorrelate.weight * mass_penalty(logits, target, mass)


def _described(history: History) -> dict[str, Any]:
    best = next(record for record in history.records if record["views"] == history.best_after)
    return {
        "validation_auc": best["auc"],
        "steps": history.steps,
        "views_seen": history.views,
        "best_after_views": history.best_after,
        "seconds": history.seconds,
        "learning_rate_drops": history.drops,
        "changed_settings": history.changes,
        "ended": history.ended,
    }
