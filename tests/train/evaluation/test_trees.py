"""Taggers without a network: baselines, substructure and displaced tracks, boosted trees."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from rs3l_train.evaluation.baselines import baseline_scores
from rs3l_train.evaluation.roc import auc
from rs3l_train.evaluation.substructure import (
    COLUMNS,
    TRACK_VARIABLES,
    VARIABLES,
    track_variables,
    variables,
)
from rs3l_train.evaluation.trees import MOST_TREES, fit_trees


def test_baselines_score_signal_high_and_broken_jets_lowest():
    jets = {
        "n2": np.array([0.1, 0.4, np.nan], np.float32),
        "tau1": np.array([0.5, 0.5, 0.0], np.float32),
        "tau2": np.array([0.1, 0.4, 0.0], np.float32),
        "tau3": np.array([0.03, 0.16, 0.0], np.float32),
        "softdrop_mass": np.array([120.0, 110.0, np.nan], np.float32),
    }
    for name, score in baseline_scores(jets, 125.0, 25.0).items():
        assert score[0] > score[1] > score[2], name
        assert score[2] == -np.inf
    narrow = baseline_scores(jets, 125.0, 10.0)
    assert narrow["mass window"].tolist() == [-5, -15, -np.inf]
    assert narrow["n2 in window"][0] == pytest.approx(-0.1)
    assert narrow["tau21 in window"][0] == pytest.approx(-0.2)
    assert narrow["tau32 in window"][0] == narrow["tau32"][0] == pytest.approx(-0.3)
    assert narrow["tau32"][1] == pytest.approx(-0.4)
    outside = {name: score[1] for name, score in narrow.items() if "in window" in name}
    assert outside == {"n2 in window": -25, "tau21 in window": -25, "tau32 in window": -25}


def test_a_wider_cut_than_the_window_is_a_wider_window():
    random = np.random.default_rng(3)
    jets = {"n2": random.uniform(0, 0.5, 1000), "softdrop_mass": random.uniform(40, 200, 1000)}
    jets |= {"tau1": np.ones(1000), "tau2": random.uniform(0, 1, 1000)}
    jets["tau3"] = jets["tau2"] * random.uniform(0, 1, 1000)
    scores = baseline_scores(jets, 125.0, 25.0)
    outside = np.abs(jets["softdrop_mass"] - 125) > 25
    for name in ("n2 in window", "tau21 in window", "tau32 in window"):
        assert scores[name][outside].max() < scores[name][~outside].min()
        order = np.argsort(scores[name][outside])
        assert (np.diff(scores["mass window"][outside][order]) >= 0).all()


def test_a_jet_of_one_constituent_has_no_prongs():
    one = {name: np.zeros(1) for name in ("n2", "tau1", "tau2", "tau3")} | {
        "softdrop_mass": np.full(1, 120.0)
    }
    found = baseline_scores(one, 125.0, 25.0)
    assert {name for name, score in found.items() if score[0] > -np.inf} == {"mass window"}


def test_displaced_tracks_are_counted_and_the_largest_come_first():
    significance = np.array(
        [[5.0, -9.0, 3.5, 0.2, 4.0, 2.9], [0.0, -1.0, 0.0, 0.0, 0.0, 0.0], [7.0, 1, 3, 6, 5, 4]]
    )
    expected = [[3, 5, 4, 3.5, 2.9], [0, 0, 0, 0, 0], [4, 7, 6, 5, 4]]
    np.testing.assert_array_equal(track_variables(significance), expected)
    np.testing.assert_array_equal(track_variables(significance[:, :2])[0], [1, 5, 0, 0, 0])
    assert track_variables(significance).shape[1] == TRACK_VARIABLES


def test_trees_use_a_variable_that_tells_and_are_as_many_as_validate_best():
    random = np.random.default_rng(6)

    def sample(n):
        target = random.integers(0, 2, n)
        x = random.normal(size=(n, 8))
        x[:, 3] += 2 * target
        x[random.random((n, 8)) < 0.05] = np.nan
        return x, target

    (x, target), (other, other_target), (test, truth) = sample(100), sample(500), sample(2000)
    score, n_trees = fit_trees(x, target, other, other_target, seed=1)
    trees = HistGradientBoostingClassifier(
        max_iter=MOST_TREES, min_samples_leaf=5, early_stopping=False, random_state=1
    ).fit(x, target)
    stages = [np.ravel(scores) for scores in trees.staged_decision_function(other)]
    aucs = [auc(scores[other_target == 1], scores[other_target == 0]) for scores in stages]
    assert n_trees == 1 + int(np.argmax(aucs)) < MOST_TREES
    np.testing.assert_array_equal(score(other), stages[n_trees - 1])
    values = score(test)
    assert auc(values[truth == 1], values[truth == 0]) > 0.85
    again, _ = fit_trees(x, target, other, other_target, seed=1)
    np.testing.assert_array_equal(again(test), values)


def test_trees_do_without_a_variable_that_a_dataset_has_not():
    random = np.random.default_rng(8)
    target = random.integers(0, 2, 60)
    x = random.normal(size=(60, 3)) + target[:, None]
    without = np.column_stack([x[:, 0], np.full(60, np.nan), x[:, 1:]])
    expected, n_expected = fit_trees(x, target, x, target, seed=1)
    score, n_trees = fit_trees(without, target, without, target, seed=1)
    assert n_trees == n_expected
    np.testing.assert_array_equal(score(without), expected(x))


def test_substructure_variables_by_hand():
    jets = {name: np.array([2.0, 3.0], np.float32) for name in COLUMNS}
    jets |= {"tau1": np.array([4.0, 0.0]), "tau2": np.array([2.0, 0.0]), "tau3": np.array([1.0, 0])}
    table = dict(zip(VARIABLES, variables(jets).T, strict=True))
    assert table["tau21"][0] == table["tau32"][0] == 0.5
    assert np.isnan([table["tau21"][1], table["tau32"][1]]).all()
    assert table["tau1"].tolist() == [4, 0]
    assert table["n_constituents"].tolist() == [2, 3]
