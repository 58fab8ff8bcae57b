"""Pretraining: a backbone learns from the views of jets, by the objective that the config names."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

import torch
from torch import Tensor, nn

from rs3l_data.store.reader import Dataset
from rs3l_train.backbones.compiled import compile_backbones
from rs3l_train.config import Resume, TrainingConfig
from rs3l_train.evaluation.plots import Plots
from rs3l_train.evaluation.plots_pretraining import loss_curve, spectrum_plot
from rs3l_train.evaluation.representation import linear_r2, physical_targets, spectrum
from rs3l_train.loop.device import adam, prepare
from rs3l_train.loop.files import METRICS, write_json
from rs3l_train.loop.fit import fit
from rs3l_train.loop.folder import BEST, require_own
from rs3l_train.loop.history import Budget, History
from rs3l_train.loop.interrupts import noticed
from rs3l_train.loop.logs import MetricsLog
from rs3l_train.loop.out_of_memory import out_of_memory_says
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.loop.saved_network import save_network
from rs3l_train.loop.schedule import pretraining_schedule
from rs3l_train.loop.training_state import Checkpoints
from rs3l_train.loop.updates import Updates
from rs3l_train.tasks.earlier import earlier_metrics
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.identity import pretraining_identity
from rs3l_train.tasks.pretraining import (
    DIAGNOSTIC_JETS,
    OUT_OF_MEMORY,
    Pretraining,
    chosen_loading,
    gradients_in_parts,
    jets_to_pretrain_on,
    load_and_build,
)
from rs3l_train.tasks.watch import Watch, collapse, knn_probe
from rs3l_train.views.batches import one_view
from rs3l_train.views.choice import reference_view
from rs3l_train.views.loading import Loading
from rs3l_train.views.memory import JetViews

logger = logging.getLogger(__name__)

SHORTCUT_R2 = 0.5
SHORTCUTS = {"|eta|": ("inputs", "shortcut_free"), "orientation": ("rotation", True)}
"""What views share besides physics, and the key and value of `data` that hide it"""
OF_THE_LOSS = {
    "jets_per_batch",
    "views_per_jet",
    "view_weights",
    "copies",
    "augmentations",
    "validation_jets",
}
"""Keys of `pretrain` without which losses of validation cannot be compared"""
LEAST_VALIDATIONS = 10
LEAST_DIAGNOSTIC_JETS = 20
"""Of fewer, half of which are fitted, an R² says nothing"""


def pretrain(
    dataset: Dataset,
    config: TrainingConfig,
    folder: Path,
    resume: Resume = "auto",
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Pretrain a backbone and save it with its metrics and plots.

    Parameters
    ----------
    resume
        What to do about an earlier pretraining in the folder: ``auto`` takes one that is done, and
        goes on with one that was stopped, if all that they depend on is the same.
    processes
        Those that share the work; only the first writes.

    Returns
    -------
    dict
        The content of ``metrics.json``.

    Raises
    ------
    ConfigError
        If the dataset has not the views or labels asked for, or the folder holds another
        pretraining that is done, which ``auto`` does not take the place of.
    InputFileError
        If too few jets are present in enough views.
    TrainingError
        If the loss is no longer a number, or the memory too small.
    TrainingStoppedError
        If a signal asked to stop.
    """
    device = prepare(config)
    require_own(folder, "pretrain")
    chosen = jets_to_pretrain_on(dataset, config)
    identity = pretraining_identity(config, chosen)
    processes.require_same(identity.whole)
    earlier = earlier_metrics(folder, identity) if resume == "auto" else None
    processes.require_same({"whether --out holds it done": earlier is not None})
    checkpoints = Checkpoints(folder, identity, config.loop, resume, processes)
    checkpoints.notes["score"] = config.pretrain.model_dump_json(include=OF_THE_LOSS)
    if earlier is not None:
        checkpoints.remove()  # There if it was killed when all else was done.
        return earlier
    processes.require_same({"whether --out holds a part of it": checkpoints.goes_on})
    loading = _loading(chosen, config, device, checkpoints, processes)
    with out_of_memory_says(OUT_OF_MEMORY):
        pretraining = load_and_build(chosen, config, device, loading, processes)
        watch = Watch(
            pretraining.objective,
            pretraining.validation,
            knn_probe(pretraining.jets, chosen, config),
            trained=checkpoints.goes_on,
        )
        with noticed():
            history = _fit(pretraining, watch, folder, checkpoints, processes)
            metrics = _metrics(pretraining, watch, history, processes)
            if processes.first:
                _write(folder, metrics, history)
                # Last, as it says that all of this is done.
                backbone = pretraining.objective.backbone
                save_network(
                    folder,
                    backbone,
                    "backbone",
                    config,
                    metrics,
                    identity=identity,
                    learned_from=pretraining.learned_from(),
                )
                checkpoints.remove()
    return metrics


def _loading(
    dataset: Dataset,
    config: TrainingConfig,
    device: torch.device,
    checkpoints: Checkpoints,
    processes: Processes,
) -> Loading:
    """Hold or stream the jets as before, if the training goes on: the order of jets hangs on it."""
    before = checkpoints.noted("loading")
    loading = (
        cast("Loading", before)
        if before in get_args(Loading)
        else chosen_loading(dataset, config, device, processes)
    )
    checkpoints.notes["loading"] = loading
    return loading


def _metrics(
    pretraining: Pretraining, watch: Watch, history: History, processes: Processes
) -> dict[str, Any]:
    objective, config = pretraining.objective, pretraining.config
    diagnostics = _diagnostics(
        objective.backbone, pretraining.held, pretraining.unseen[:DIAGNOSTIC_JETS], config
    )
    return {
        "stage": "pretrain",
        "objective": config.objective.name,
        "views": list(pretraining.jets.names),
        "jets": len(pretraining.training.rows),
        "parameters": sum(parameter.numel() for parameter in objective.backbone.parameters()),
        "parameters_trained": sum(
            weight.numel() for weight in objective.parameters() if weight.requires_grad
        ),
        "processes": processes.count,
        "steps": history.steps,
        "views_seen": history.views,
        "seconds": history.seconds,
        "views_per_second": history.views / history.seconds,
        "changed_settings": history.changes,
        "ended": history.ended,
        "best_after": history.best_after,
        "final": history.records[-1],
        "probe_of": {name: [*labels] for name, labels in config.task.classes.items()},
        "spectrum": spectrum(watch.embeddings).tolist(),
        "warnings": _warnings(history, diagnostics, config),
        "diagnostics": diagnostics,
    }


def _write(folder: Path, metrics: dict[str, Any], history: History) -> None:
    with Plots(folder) as plots:
        plots.add(
            loss_curve(history.records),
            "loss",
            "Pretraining loss",
            "Loss of training and validation against the views passed through the network. A"
            " dashed line is what a network that cannot tell jets apart would have in a contrastive"
            " loss.",
        )
        plots.add(
            spectrum_plot(metrics["spectrum"], metrics["final"]["effective_rank"]),
            "spectrum",
            "Spectrum of the embedding",
            "Singular values of the validation jets' embeddings, as parts of their sum. A healthy"
            " embedding uses many directions; one that has collapsed uses one, or none.",
        )
    write_json(folder / METRICS, metrics)


def _fit(
    pretraining: Pretraining,
    watch: Watch,
    folder: Path,
    checkpoints: Checkpoints,
    processes: Processes,
) -> History:
    config, training = pretraining.config, pretraining.training
    objective = pretraining.objective
    settings = config.pretrain
    n_steps = -int(-settings.views_seen // training.views_per_step)
    if config.loop.compile:
        compile_backbones(objective)
    save_best = None
    if processes.first:
        save_best = partial(
            save_network,
            folder,
            objective.backbone,
            "backbone",
            config,
            {"views": list(pretraining.jets.names)},
            name=BEST,
            learned_from=pretraining.learned_from(),
        )
    updates = Updates(
        objective,
        adam(objective.parameters(), settings.learning_rate, training.jets.device),
        gradients_in_parts(pretraining, processes),
        pretraining_schedule(settings, n_steps, training.steps),
        settings.gradient_clip,
        objective.after_step,
    )
    return fit(
        updates,
        training.epoch,
        watch,
        Budget(settings.views_seen, settings.seconds),
        validate_every=min(training.views, -(-settings.views_seen // LEAST_VALIDATIONS)),
        title="pretraining",
        log=MetricsLog(folder, config.loop.tensorboard) if processes.first else None,
        on_best=save_best,
        checkpoints=checkpoints,
        processes=processes,
    )


def _diagnostics(
    backbone: nn.Module, jets: JetViews, rows: Tensor, config: TrainingConfig
) -> dict[str, float]:
    """R² of linear predictions from the embedding of the validation jets, one view each.

    Empty, with a warning in the log, if too few jets are present in that view.
    """
    name = reference_view(jets.names)
    selection = one_view(jets.present, rows, jets.index(name))
    if len(selection) < LEAST_DIAGNOSTIC_JETS:
        logger.warning(
            "what can be read off the embedding is not measured: of the validation jets %d are"
            " present in the view %r, and it takes %d; simulate more events",
            *(len(selection), name, LEAST_DIAGNOSTIC_JETS),
        )
        return {}
    z = apply_network(backbone, jets, selection, config.data.inputs)
    targets = physical_targets(jets.gather(selection))
    return {f"r2 {target}": linear_r2(z, values) for target, values in targets.items()}


def _warnings(history: History, diagnostics: dict[str, float], config: TrainingConfig) -> list[str]:
    """Name what is wrong with the embedding; the watch has told of a collapse when it saw it."""
    collapsed = _collapsed(history)
    warnings = [collapsed] if collapsed else []
    if not config.objective.needs_pairs:
        # What compares no views has nothing to recognise them for.
        return warnings
    for name, (key, value) in SHORTCUTS.items():
        r2 = diagnostics.get(f"r2 {name}", 0.0)
        if r2 > SHORTCUT_R2:
            remedy = ", in spite of" if getattr(config.data, key) == value else ": use"
            shortcut = (
                f"the embedding holds {name} (R² = {r2:.2f}), by which it recognises the views of a"
                f" jet without its physics{remedy} training.data.{key}: {str(value).lower()}"
            )
            logger.warning("%s", shortcut)
            warnings.append(shortcut)
    return warnings


def _collapsed(history: History) -> str | None:
    """Describe the last collapse there was since training began; None if there was none."""
    last = history.records[-1]
    for record in reversed(history.records):
        # The first validation may be of random weights.
        if (fault := collapse(record)) and (record is last or record["views"]):
            over = f"; so it was after {record['views']:.0f} views, and no longer at the end"
            return fault if record is last else fault + over
    return None
