"""The study: what pretraining gains, for how many labels, and whether it holds in every view."""

from __future__ import annotations

import logging
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from rs3l_data.errors import InputFileError
from rs3l_data.store.reader import Dataset
from rs3l_train.backbones import backbone_of
from rs3l_train.config import Fresh, NetworkMode, TrainingConfig
from rs3l_train.evaluation.comparison import comparisons, mean_and_spread
from rs3l_train.evaluation.scores import Scores
from rs3l_train.loop.device import prepare
from rs3l_train.loop.files import METRICS, read_metrics, write_json
from rs3l_train.loop.folder import (
    BEST,
    RECORDS,
    TRAININGS,
    folder_of,
    network_file,
    require_own,
    save_config,
)
from rs3l_train.loop.logs import read_records
from rs3l_train.loop.out_of_memory import out_of_memory_says
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.tasks.bench import OUT_OF_MEMORY, Bench, require_layers, set_bench, task_summary
from rs3l_train.tasks.identity import tagger_identity
from rs3l_train.tasks.measure import (
    embed_test_jets,
    measure_baselines,
    measure_tagger,
    tested_views,
)
from rs3l_train.tasks.model import load_pretrained
from rs3l_train.tasks.overlap import overlap
from rs3l_train.tasks.tagger_plots import AllScores, LabelledEmbedding, draw_study
from rs3l_train.tasks.trained import Trainings
from rs3l_train.tasks.trees import measure_trees

logger = logging.getLogger(__name__)


@out_of_memory_says(OUT_OF_MEMORY)
def study(
    dataset: Dataset,
    config: TrainingConfig,
    pretrained: Path,
    folder: Path,
    resume: Fresh = "auto",
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Compare the config's ways of training, for each number of labels and each draw.

    All learn from the same jets and stop on the same validation jets. Each network is kept below
    ``trainings/``: a study that was stopped goes on where it was.

    Parameters
    ----------
    resume
        ``auto``: take what is done there already with the same settings and data, and go on with
        what was stopped; ``never``: start anew.
    processes
        Among which the trainings are shared out, each to one of them; the first measures.

    Returns
    -------
    dict
        The content of ``metrics.json``: `pretraining_views`, `warnings`, `task`, `rows` (one for
        each mode, number of labels, draw and view), `trainings`, `baselines`, `summary`,
        `comparisons` with the network from scratch, `diagnostics` of the pretrained network. Of the
        other processes nothing.

    Raises
    ------
    ConfigError, InputFileError
        If dataset, config and pretrained network do not fit together.
    TrainingError
        If a loss is no longer a number, or memory is lacking.
    """
    require_own(folder, "study")
    require_layers(config)
    backbone = load_pretrained(pretrained, config)
    diagnostics = _diagnostics(pretrained, config)
    bench = set_bench(dataset, config, prepare(config))
    taggers = Trainings(bench, backbone, resume)
    if processes.count > 1:
        of_a_probe = tagger_identity(bench, "probe", config.task.labels[0], 0, backbone.weights)
        processes.require_same(of_a_probe.whole)
        _train_share(taggers, folder, processes)
    if not processes.first:
        return {}
    rows, trainings, scores = _train_all(taggers, folder, done=processes.count > 1)
    baseline_rows, baseline_scores = measure_baselines(bench)
    metrics = {
        "stage": "study",
        "pretraining_views": backbone.details["views"],
        **overlap(backbone.learned_from, bench.dataset, bench.test),
        "task": task_summary(bench),
        "rows": rows,
        "trainings": trainings,
        "baselines": baseline_rows,
        "diagnostics": diagnostics,
        "summary": _summary(rows, bench),
        "comparisons": comparisons(
            _by_training(scores, bench.reference), config.evaluation.efficiencies
        ),
    }
    draw_study(bench, scores, baseline_scores, metrics, _embedding(bench, backbone.weights), folder)
    save_config(folder, config)
    write_json(folder / METRICS, metrics)
    return metrics


def _diagnostics(pretrained: Path, config: TrainingConfig) -> dict[str, Any]:
    """Read what is known of the pretrained network, be it the last or that of the best score.

    Without what its probe found where that told other classes apart than the study does.
    """
    folder = folder_of(pretrained)
    if not (folder / METRICS).exists():
        raise InputFileError(
            f"{folder}: its pretraining has not ended, as {METRICS} is missing; go on with it: the"
            " same `pretrain` again"
        )
    metrics = read_metrics(folder)
    try:
        if network_file(pretrained).name != BEST:
            found = {**metrics["diagnostics"], **metrics["final"]}
        else:
            # What can be read off the embedding was measured of the last weights alone.
            records = read_records(folder)
            found = dict(next(r for r in records if r["views"] == metrics["best_after"]))
        if metrics.get("probe_of") != {k: [*v] for k, v in config.task.classes.items()}:
            found.pop("knn_auc", None)
    except (KeyError, TypeError, StopIteration):
        raise InputFileError(
            f"{folder}: {METRICS} or {RECORDS} is damaged: not what a pretraining writes; train"
            " again"
        ) from None
    return found


def _place(folder: Path, mode: NetworkMode, n_labels: int, draw: int) -> Path:
    return folder / TRAININGS / f"{mode}_{n_labels}_{draw}"


def _train_share(taggers: Trainings, folder: Path, processes: Processes) -> None:
    """Do this process's part of the trainings, and wait for the others."""
    task = taggers.bench.config.task
    networks = [mode for mode in task.modes if mode != "trees"]
    for i, (n_labels, draw) in enumerate(product(task.labels, range(task.seeds))):
        for j, mode in enumerate(networks):
            # Ways of training take unequally long: each process gets some of all.
            if (i + j) % processes.count == processes.rank:
                taggers.tagger(mode, n_labels, draw, _place(folder, mode, n_labels, draw))
    processes.wait()


def _train_all(
    taggers: Trainings, folder: Path, done: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], AllScores]:
    """Train each tagger, or read it where the processes have done them all, and measure it."""
    bench = taggers.bench
    task = bench.config.task
    rows: list[dict[str, Any]] = []
    trainings: list[dict[str, Any]] = []
    scores: AllScores = {}
    for n_labels, draw, mode in product(task.labels, range(task.seeds), task.modes):
        if mode == "trees":
            measured, details = measure_trees(bench, n_labels, draw)
        else:
            place = _place(folder, mode, n_labels, draw)
            if done:
                tagger, details = taggers.kept(place)
            else:
                tagger, details = taggers.tagger(mode, n_labels, draw, place)
            measured = measure_tagger(bench, tagger, details.get("temperature"))
        keys = {"mode": mode, "labels": n_labels, "draw": draw}
        rows += [{**keys, **row} for row in measured.rows]
        trainings.append({**keys, **details})
        scores[mode, n_labels, draw] = measured.scores
        auc = measured.rows[bench.jets.index(bench.reference)]["auc"]
        logger.info("%s, %d labels, draw %d: AUC %.4f", mode, n_labels, draw, auc)
    return rows, trainings, scores


def _by_training(scores: AllScores, view: str) -> dict[tuple[str, int], list[Scores]]:
    """Collect the scores in one view by mode and number of labels, draw after draw."""
    collected: dict[tuple[str, int], list[Scores]] = {}
    for (mode, n_labels, _), views in scores.items():
        collected.setdefault((mode, n_labels), []).append(views[view])
    return collected


def _embedding(bench: Bench, weights: dict[str, Tensor]) -> LabelledEmbedding:
    """Embed the test jets of the reference view with the pretrained network."""
    config = bench.config
    backbone = backbone_of(config)
    backbone.load_state_dict(weights)
    rows = tested_views(bench)[bench.reference].rows.cpu().numpy()
    labels = np.array(bench.dataset.labels)[bench.dataset.initiators["label"][rows]]
    z = embed_test_jets(bench, backbone.to(bench.jets.device), [bench.reference])
    return z[bench.reference].double().cpu().numpy(), labels


def _summary(rows: list[dict[str, Any]], bench: Bench) -> list[dict[str, Any]]:
    """Mean and spread of AUC and rejections over the draws, in the nominal view."""
    config = bench.config
    own = [row for row in rows if row["view"] == bench.reference]
    table = []
    for n_labels, mode in product(config.task.labels, config.task.modes):
        draws = [row for row in own if (row["mode"], row["labels"]) == (mode, n_labels)]
        entry: dict[str, Any] = {"mode": mode, "labels": n_labels}
        entry["auc_mean"], entry["auc_std"] = mean_and_spread([row["auc"] for row in draws])
        for key in draws[0]["rejection"]:
            mean, spread = mean_and_spread([row["rejection"][key] for row in draws])
            entry.setdefault("rejection_mean", {})[key] = mean
            entry.setdefault("rejection_std", {})[key] = spread
        table.append(entry)
    return table
