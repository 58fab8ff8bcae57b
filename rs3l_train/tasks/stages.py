"""The stages that train or test one tagger: `finetune` and `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from rs3l_data.store.reader import Dataset
from rs3l_train.backbones import backbone_of
from rs3l_train.config import NetworkMode, TrainingConfig
from rs3l_train.evaluation.calibration import reliability
from rs3l_train.evaluation.plots import Plots
from rs3l_train.evaluation.plots_curves import roc_curves
from rs3l_train.evaluation.plots_scores import (
    background_masses,
    reliability_curves,
    score_distributions,
)
from rs3l_train.loop.checkpoint import load_network, load_weights, require_same_network
from rs3l_train.loop.device import prepare
from rs3l_train.loop.files import METRICS, write_json
from rs3l_train.loop.folder import require_own
from rs3l_train.loop.memory import out_of_memory_says
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.loop.training_state import Resume
from rs3l_train.tasks import captions
from rs3l_train.tasks.bench import OUT_OF_MEMORY, Bench, set_bench, set_test_bench
from rs3l_train.tasks.measure import measure_baselines, measure_tagger
from rs3l_train.tasks.model import load_tagger
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.tasks.trained import Trainings


@out_of_memory_says(OUT_OF_MEMORY)
def finetune(
    dataset: Dataset,
    config: TrainingConfig,
    pretrained: Path | None,
    mode: NetworkMode,
    n_labels: int,
    folder: Path,
    resume: Resume = "auto",
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Train one tagger, test it in every view, and save both.

    Parameters
    ----------
    resume
        What to do about an earlier training in the folder; see `Trainings`.
    processes
        Those that share the training; the first tests and writes.

    Returns
    -------
    dict
        The content of ``metrics.json``; of the other processes how the training went.

    Raises
    ------
    ConfigError, InputFileError
        If dataset, config and pretrained network do not fit together.
    TrainingError
        If the loss is no longer a number, or memory is lacking.
    """
    require_own(folder, "finetune")
    weights = None if pretrained is None else pretrained_weights(pretrained, config)
    bench = set_bench(dataset, config, prepare(config), [(n_labels, 0)])
    trainings = Trainings(bench, weights, resume, processes)
    tagger, details = trainings.tagger(mode, n_labels, 0, folder)
    if not processes.first:
        return details
    return _tested(bench, tagger, folder, {"stage": "finetune", **details})


@out_of_memory_says(OUT_OF_MEMORY)
def evaluate(
    dataset: Dataset, model: Path, folder: Path, corrupt: Literal["stop", "skip"] = "stop"
) -> dict[str, Any]:
    """Test a saved tagger in every view of a dataset.

    Parameters
    ----------
    corrupt
        At a shard that cannot be read: stop, or leave it out with a warning.

    Raises
    ------
    ConfigError
        If the dataset knows no label of the tagger's signal, or of its background.
    InputFileError
        If the folder holds no tagger, or the dataset no jets of a class.
    TrainingError
        If memory is lacking.
    """
    require_own(folder, "evaluate")
    tagger, config, details = load_tagger(model)
    # A network trained on a GPU serves on a CPU as well.
    data = config.data.model_copy(update={"corrupt": corrupt})
    config = config.model_copy(update={"device": "auto", "data": data})
    bench = set_test_bench(dataset, config, prepare(config), details["training_views"])
    return _tested(bench, tagger.to(bench.jets.device), folder, {"stage": "evaluate", **details})


def pretrained_weights(folder: Path, config: TrainingConfig) -> dict[str, Tensor]:
    """Read a pretrained backbone that is the one a config describes.

    Raises
    ------
    InputFileError
        If the folder holds none.
    ConfigError
        If it is of another architecture, naming the key.
    """
    weights, saved, _ = load_network(folder, "backbone")
    require_same_network(config, saved, folder)
    load_weights(backbone_of(config), weights, folder)
    return weights


def task_summary(bench: Bench) -> dict[str, Any]:
    """Describe the task: classes, views, and how many jets there are."""
    config = bench.config
    return {
        "signal": list(config.task.signal),
        "background": list(config.task.background),
        "balance": config.task.balance,
        "training_views": list(bench.trained_on),
        "test_views": list(bench.jets.names),
        "nominal_view": bench.reference,
        "jets": bench.drawn_from,
        "validation_jets": len(bench.validation),
        "test_jets": len(bench.test),
        "weighted": False,
    }


def _tested(bench: Bench, tagger: Tagger, folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    measured = measure_tagger(bench, tagger, about.get("temperature"))
    baseline_rows, baseline_scores = measure_baselines(bench)
    keys = {key: about[key] for key in ("mode", "labels", "seed")}
    metrics = {
        **about,
        "task": task_summary(bench),
        "rows": [{**keys, **row} for row in measured.rows],
        "baselines": baseline_rows,
    }
    view = bench.reference
    own = measured.scores[view]
    middle = bench.config.evaluation.middle_efficiency
    mode = about["mode"]
    with Plots(folder) as plots:
        curves = roc_curves({mode: [own]}, baseline_scores)
        plots.add(curves, "roc", "ROC curve", captions.ROC_OF_ONE.format(view=view))
        plots.add(
            score_distributions(measured.scores, view),
            "scores",
            "Scores in each view",
            captions.SCORES.format(view=view),
        )
        plots.add(
            reliability_curves({mode: reliability(own, bench.signal_share)}),
            "calibration",
            "Calibration",
            captions.CALIBRATION.format(view=view),
        )
        plots.add(
            background_masses({mode: own}, middle),
            "mass",
            "Mass of the background before and after the cut",
            captions.MASS.format(view=view, efficiency=middle),
        )
    write_json(folder / METRICS, metrics)
    return metrics
