"""The stages that train or test one tagger: `finetune` and `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rs3l_data.describe.schema import Split
from rs3l_data.store.reader import Dataset
from rs3l_train.backbones import build
from rs3l_train.config import TrainingConfig
from rs3l_train.evaluation.baselines import baseline_scores
from rs3l_train.evaluation.plots import Plots, roc_curves, score_distributions
from rs3l_train.evaluation.tagging import Scores, figures_of_merit
from rs3l_train.loop.checkpoint import (
    load_network,
    load_weights,
    require_same_network,
    save_network,
)
from rs3l_train.loop.device import prepare
from rs3l_train.loop.files import write_json
from rs3l_train.tasks.finetune import (
    Bench,
    Mode,
    score_test_split,
    set_bench,
    split_scores,
    train_tagger,
)
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.views.inputs import N_INPUTS

ROC_CAPTION = (
    "Background rejection against signal efficiency on the test split of the view {view}. The"
    " bands are the range of independent draws of the labelled jets; the statistical error of"
    " the test sample, common to all curves, is in metrics.json."
)
SCORES_CAPTION = (
    "Score of test jets in each view, signal solid, background dotted: the closer the lines, the"
    " less the tagger depends on how the jets were simulated."
)


def finetune(
    dataset: Dataset,
    config: TrainingConfig,
    pretrained: Path | None,
    mode: Mode,
    n_labels: int,
    folder: Path,
) -> dict[str, Any]:
    """Train one tagger, test it in every view, and save both.

    Returns
    -------
    dict
        The content of ``metrics.json``.

    Raises
    ------
    ConfigError, InputFileError
        If dataset, config and pretrained network do not fit together.
    TrainingError
        If the loss is no longer a number.
    """
    weights = None if pretrained is None else pretrained_weights(pretrained, config)
    bench = set_bench(dataset, config, prepare(config))
    tagger, details = train_tagger(bench, mode, n_labels, 0, weights)
    details = {"mode": mode, "labels": n_labels, "seed": 0, **details}
    save_network(folder, tagger, "tagger", config, details)
    return _tested(bench, tagger, folder, {"stage": "finetune", **details})


def evaluate(dataset: Dataset, model: Path, folder: Path) -> dict[str, Any]:
    """Test a saved tagger in every view of a dataset.

    Raises
    ------
    InputFileError
        If the folder holds no tagger, or the dataset not its classes.
    """
    weights, config, details = load_network(model, "tagger")
    bench = set_bench(dataset, config, prepare(config))
    tagger = Tagger(
        build(config.backbone, N_INPUTS[config.data.inputs]), config.backbone.output[-1]
    )
    load_weights(tagger, weights, model)
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
    load_weights(build(config.backbone, N_INPUTS[config.data.inputs]), weights, folder)
    return weights


def task_summary(bench: Bench) -> dict[str, Any]:
    """Describe the task: classes, views, and how many jets there are."""
    config = bench.config
    reference = bench.jets.present[bench.jets.index(bench.reference)].cpu().numpy()
    return {
        "signal": list(config.task.signal),
        "background": list(config.task.background),
        "training_views": [
            name for v, name in enumerate(bench.jets.names) if bool(bench.training_present[v].any())
        ],
        "test_views": list(bench.jets.names),
        "nominal_view": bench.reference,
        "jets": {
            split.name.lower(): {
                name: len(bench.task.rows(split, target, reference))
                for name, target in (("signal", 1), ("background", 0))
            }
            for split in Split
        },
        "validation_jets": len(bench.validation),
        "test_jets": len(bench.test),
        "weighted": False,
    }


def baselines(bench: Bench) -> tuple[list[dict[str, Any]], dict[str, Scores]]:
    """Measure the taggers without a network; their scores are those in the reference view."""
    target = bench.target.cpu()[bench.test]
    scores: dict[str, dict[str, Scores]] = {}
    for view in bench.jets.names:
        table = {name: column[bench.test] for name, column in bench.dataset.jets(view).items()}
        present = torch.from_numpy(table["present"])
        values = baseline_scores(table, bench.config.evaluation.signal_mass)
        for name, score in values.items():
            one = split_scores(torch.from_numpy(score)[present], target[present])
            scores.setdefault(name, {})[view] = one
    efficiencies = bench.config.evaluation.efficiencies
    rows = [
        {"name": name, **row}
        for name, views in scores.items()
        for row in figures_of_merit(views, efficiencies)
    ]
    return rows, {name: views[bench.reference] for name, views in scores.items()}


def _tested(bench: Bench, tagger: Tagger, folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    scores = score_test_split(bench, tagger)
    baseline_rows, baseline_curves = baselines(bench)
    rows = figures_of_merit(scores, bench.config.evaluation.efficiencies)
    keys = {key: about[key] for key in ("mode", "labels", "seed")}
    metrics = {
        **about,
        "task": task_summary(bench),
        "rows": [{**keys, **row} for row in rows],
        "baselines": baseline_rows,
    }
    reference = bench.reference
    with Plots(folder) as plots:
        curves = {about["mode"]: [scores[reference]]}
        curves |= {name: [own] for name, own in baseline_curves.items()}
        plots.add(roc_curves(curves), "roc", "ROC curve", ROC_CAPTION.format(view=reference))
        plots.add(score_distributions(scores), "scores", "Scores in each view", SCORES_CAPTION)
    write_json(folder / "metrics.json", metrics)
    return metrics
