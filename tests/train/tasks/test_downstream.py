"""Ways of training and testing taggers, beyond what `test_tasks` needs a whole study for."""

from __future__ import annotations

import json
import logging
import shutil
from functools import partial

import h5py
import numpy as np
import pytest
import torch

import rs3l_data
from rs3l_data.describe.schema import Split
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_train.config import load_training, validate_training
from rs3l_train.loop.device import prepare
from rs3l_train.tasks.bench import require_task, set_bench
from rs3l_train.tasks.decorrelate import squared_distance_correlation
from rs3l_train.tasks.draws import draw_jets
from rs3l_train.tasks.labels import (
    draw_at_most,
    draw_labelled,
    tagging_task,
    warn_of_empty_labels,
)
from rs3l_train.tasks.measure import measure_baselines, measure_tagger
from rs3l_train.tasks.run import run
from rs3l_train.tasks.train_tagger import train_tagger
from rs3l_train.tasks.trees import measure_trees
from tests.synthetic import make_dataset
from tests.train.conftest import changed
from tests.train.results import records, without_times


def test_last_layers_alone_are_tuned(weights, config, dataset):
    rates = {"learning_rate": 1e-2, "backbone_learning_rate": 1e-2, "max_views_seen": 3000}
    faster = changed(config, finetune=rates)
    bench = set_bench(dataset, faster, prepare(faster))
    tagger, details = train_tagger(bench, "last_layers", 20, 0, weights)
    own = tagger.backbone.state_dict()
    assert details["best_after_views"] > 0
    moved = [name for name in weights if not torch.equal(own[name], weights[name])]
    assert moved == list(weights)[-4:]  # weight and bias of the last two
    many = changed(config, finetune={"last_layers": 50})
    with pytest.raises(ConfigError, match=r"finetune.last_layers: 50, but the network has \d+"):
        train_tagger(set_bench(dataset, many, prepare(many)), "last_layers", 20, 0, weights)
    require_task(dataset, many)
    with pytest.raises(ConfigError, match=r"finetune.last_layers: 50, but the network has \d+"):
        require_task(dataset, changed(many, task={"modes": ["last_layers"]}))


def test_natural_balance_is_that_of_the_dataset(dataset, config):
    task = tagging_task(dataset, config.task)
    usable = np.ones(len(dataset), bool)
    drawn = draw_labelled(task, usable, 200, [1], "natural")
    share = (task.target[task.split == Split.TRAIN] == 1).mean()
    # `higgs` events have one initiator, `qcd` events two.
    assert share == pytest.approx(1 / 3, abs=0.05)
    assert (task.target[drawn] == 1).mean() == pytest.approx(share, abs=0.1)
    assert set(draw_labelled(task, usable, 50, [1], "natural")) < set(drawn)
    rare = usable & ((task.target == 0) | (np.arange(len(dataset)) < 4))
    with pytest.raises(InputFileError, match=r"none of the 4 labelled jets drawn is signal"):
        draw_labelled(task, rare, 4, [1], "natural")
    with pytest.raises(
        InputFileError,
        match=r"has \d+ signal and background jets in the views to train on, but 9999",
    ):
        draw_labelled(task, usable, 9999, [1], "natural")
    with pytest.raises(InputFileError, match=r"raise training\.task\.validation_labels"):
        draw_at_most(task, Split.VALIDATION, usable, 1, [1])


def test_the_drawn_jets_alone_are_in_memory(dataset, config):
    few = changed(config, task={"validation_labels": 20}, evaluation={"max_jets": 30})
    bench = set_bench(dataset, few, prepare(few), [(10, 1)])
    assert bench.jets.n_rows == len(bench.dataset) == 10 + 20 + 30
    drawn = draw_jets(dataset, few, [(10, 1)])
    for name in ("process", "event", "initiator", "label"):
        here, there = bench.dataset.initiators[name], dataset.initiators[name]
        for own, rows in (
            (bench.labelled_rows[10, 1], drawn.labelled[10, 1]),
            (bench.validation.rows.numpy(), drawn.validation),
            (bench.test, drawn.test),
        ):
            assert (here[own] == there[rows]).all()
    splits = {
        split: set(bench.dataset.initiators["split"][rows])
        for split, rows in ((Split.TRAIN, bench.labelled_rows[10, 1]), (Split.TEST, bench.test))
    }
    assert splits == {split: {split} for split in splits}
    assert bench.drawn_from == set_bench(dataset, config, prepare(config)).drawn_from


def test_classes_of_several_labels(tmp_path):
    folder = make_dataset(tmp_path, 60, ("nominal", "seed"), ("higgs", "qcd", "w"), seed=1)
    dataset = rs3l_data.open(folder)
    config = validate_training(
        {"task": {"signal": ["higgs", "w"], "background": ["qcd"]}}, "test"
    ).task
    target = tagging_task(dataset, config).target
    label = np.array(dataset.labels)[dataset.initiators["label"]]
    assert ((target == 1) == np.isin(label, ["higgs", "w"])).all()
    reverse = config.model_copy(update={"signal": ("qcd",), "background": ("w",)})
    target = tagging_task(dataset, reverse).target
    assert set(label[target == -1]) == {"higgs"}


def test_a_label_without_jets_is_told(dataset, config, caplog):
    only = dataset.select(labels="higgs")
    with caplog.at_level(logging.WARNING):
        warn_of_empty_labels(only, config.task)
    assert caplog.messages == ["training.task.background: the dataset has no jet of label qcd"]


def test_a_row_holds_all_figures_in_each_view(bench, weights, dataset):
    tagger, details = train_tagger(bench, "probe", 20, 0, weights)
    rows = measure_tagger(bench, tagger, details["temperature"]).rows
    assert [row["view"] for row in rows] == list(dataset.views)
    json.dumps(rows, allow_nan=False)
    nominal, seed, _ = rows
    assert nominal["cosine"]["signal"]["same_jet"] == pytest.approx(1)
    assert nominal["wasserstein"]["background"]["distance"] == 0
    assert -1 <= seed["cosine"]["background"]["same_jet"] < 0.9999
    for row in rows:
        assert 0.5 < row["accuracy"] < 1
        assert 0 <= row["calibration"]["ece"] <= 1
        assert row["calibration"]["temperature"] == details["temperature"]
        cut = row["sculpting"]["0.7"]
        assert cut["n_passing"] <= row["background_passing"]["0.7"]
        assert (cut["jsd"] is None) == (cut["n_passing"] == 0)


def test_scores_and_masses_belong_to_the_same_jets(bench):
    """The mass window's score is the distance of the mass, so the one gives the other."""
    _, scores = measure_baselines(bench)
    window = scores["mass window"]
    known = np.isfinite(window.background_mass)
    np.testing.assert_allclose(
        window.background[known], -np.abs(window.background_mass[known] - 125.0), rtol=1e-5
    )
    assert len(window.background) == len(window.background_mass)


def test_trees_learn_from_the_same_labels(bench):
    measured, details = measure_trees(bench, 20, 0)
    assert details["trees"] >= 1
    assert measured.rows[0]["auc"] > 0.7
    again, _ = measure_trees(bench, 20, 0)
    assert again.rows == measured.rows


def test_decorrelation_lowers_the_distance_correlation(dataset, config, weights):
    settings = {"views_per_batch": 200, "learning_rate": 3e-3, "max_views_seen": 6000}

    def correlation(decorrelate):
        chosen = changed(
            config, finetune={**settings, "decorrelate": decorrelate}, task={"labels": [100]}
        )
        bench = set_bench(dataset, chosen, prepare(chosen))
        tagger, details = train_tagger(bench, "scratch", 100, 0, weights)
        scores = measure_tagger(bench, tagger, None).scores["nominal"]
        known = np.isfinite(scores.background_mass)
        probability = torch.sigmoid(torch.from_numpy(scores.background[known]))
        mass = torch.from_numpy(scores.background_mass[known])
        return float(squared_distance_correlation(probability, mass)), details

    plain, _ = correlation(None)
    free, details = correlation({"variable": "softdrop_mass", "weight": 20})
    assert free < 0.7 * plain
    assert 0 <= details["validation_auc"] <= 1


def test_decorrelation_from_masses_that_are_not_there_is_an_error(folder, config, tmp_path):
    """As from the soft-drop mass in RS3L's own dataset."""
    copy = shutil.copytree(folder, tmp_path / "ds")
    for path in copy.glob("*.h5"):
        with h5py.File(path, "r+") as file:
            for view in file["views"].values():
                view["jets/softdrop_mass"][...] = np.nan
    without = rs3l_data.open(copy)
    by = {
        variable: changed(config, finetune={"decorrelate": {"variable": variable}})
        for variable in ("mass", "softdrop_mass")
    }
    require_task(without, by["mass"])
    for begin in (require_task, partial(set_bench, device=torch.device("cpu"))):
        with pytest.raises(ConfigError, match=r"'softdrop_mass', which no jet .*use 'mass'"):
            begin(without, config=by["softdrop_mass"])


def test_a_run_leaves_all_that_repeats_it(dataset, config, tmp_path):
    quick = changed(
        config,
        pretrain={"views_seen": 600, "validation_jets": 40},
        finetune={"max_views_seen": 300},
        task={"seeds": 1, "modes": ["probe", "scratch"]},
    )
    first = run(dataset, quick, tmp_path / "a")
    again = load_training(tmp_path / "a" / "config.yaml")
    assert again == quick
    second = run(dataset, again, tmp_path / "b")
    assert without_times(second) == without_times(first)
    losses = [records(tmp_path / name / "pretrain") for name in "ab"]
    assert losses[0] == losses[1]
    (comparison,) = (c for c in first["comparisons"] if c["signal_efficiency"] == 0.5)
    assert (comparison["mode"], comparison["against"]) == ("probe", "scratch")
