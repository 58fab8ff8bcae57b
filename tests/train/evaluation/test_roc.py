"""Working points and their errors: areas, rejections, thresholds."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score, roc_curve

from rs3l_train.errors import TrainingError
from rs3l_train.evaluation.roc import (
    auc,
    auc_error,
    background_efficiencies,
    cut_at,
    working_point,
)
from rs3l_train.evaluation.scores import Scores
from rs3l_train.evaluation.tagging import figures_of_merit
from rs3l_train.tasks.probe import score_auc
from rs3l_train.tasks.tagger import split_scores

SCORES = hnp.arrays(np.float64, st.integers(2, 40), elements=st.integers(-5, 5).map(float))


@settings(max_examples=60)
@given(SCORES, SCORES)
def test_auc_is_that_of_scikit_learn_with_ties(signal, background):
    truth = np.r_[np.ones(len(signal)), np.zeros(len(background))]
    expected = roc_auc_score(truth, np.r_[signal, background])
    assert auc(signal, background) == pytest.approx(expected)
    assert auc(background, signal) == pytest.approx(1 - expected)


@settings(max_examples=60)
@given(SCORES, st.floats(0.01, 1.0))
def test_a_threshold_keeps_at_least_the_signal_asked_for_and_no_higher_one_does(signal, efficiency):
    threshold, part = cut_at(signal, efficiency)
    assert np.mean(signal >= threshold) >= efficiency - 1e-9
    assert np.mean(signal > threshold) < efficiency
    assert 0 < part <= 1
    kept = cut_at(signal, efficiency)(signal).sum()
    assert kept == pytest.approx(max(1, math.ceil(efficiency * len(signal) - 1e-9)))


def test_the_error_of_the_auc_is_the_spread_of_repeated_samples():
    random = np.random.default_rng(5)
    samples = [(random.normal(1, 1, 60), random.normal(0, 1, 150)) for _ in range(400)]
    spread = np.std([auc(*sample) for sample in samples])
    claimed = np.mean([auc_error(*sample) for sample in samples])
    assert claimed == pytest.approx(spread, rel=0.15)


def test_the_error_of_the_auc_is_not_0_where_a_few_jets_are_told_apart():
    # As if half a jet of one more were on the wrong side, of each class.
    part = 0.5 / 11
    expected = math.sqrt(2 * part * (1 - part) / 10)
    assert auc_error(np.ones(10), np.zeros(10)) == pytest.approx(expected)
    assert auc_error(np.zeros(10), np.ones(10)) == pytest.approx(expected)


def test_the_auc_of_one_jet_is_hardly_known():
    random = np.random.default_rng(6)
    samples = [(random.normal(1, 1, 1), random.normal(0, 1, 1000)) for _ in range(300)]
    spread = np.std([auc(*sample) for sample in samples])
    # Its spread cannot be known from one jet: that of the widest distribution.
    claimed = np.mean([auc_error(*sample) for sample in samples])
    assert spread < claimed < 2.5 * spread


def test_rejection_and_its_error_by_hand():
    signal = np.arange(10.0)
    background = np.r_[np.full(4, 7.5), np.full(96, -1.0)]
    point = working_point(signal, background, 0.3)
    assert (point.cut, point.n_passing, point.n_background) == ((7.0, 1.0), 4, 100)
    assert point.rejection == 25
    # Two standard deviations of the signal further, 0.306, one jet or seven would do, which are 0.6
    # apart: 0 or 4 would pass.
    of_background, of_signal = math.sqrt(0.04 * 0.96 / 99) / 0.04, math.sqrt(0.3 * 0.7 / 9)
    expected = math.hypot(of_background, of_signal * math.log(8) / 0.6)
    assert point.relative_error == pytest.approx(expected)
    assert point.rejection_error == 25 * point.relative_error


@pytest.mark.parametrize("efficiency", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize(("n_signal", "n_background"), [(10_000, 1000), (300, 3000)])
def test_the_error_of_a_rejection_is_the_spread_of_repeated_samples(
    efficiency, n_signal, n_background
):
    random = np.random.default_rng(1)
    samples = [
        working_point(random.normal(1, 1, n_signal), random.normal(0, 1, n_background), efficiency)
        for _ in range(300)
    ]
    spread = np.std([math.log(sample.rejection) for sample in samples])
    claimed = np.mean([sample.relative_error for sample in samples])
    assert claimed == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize("width", [0.5, 1.5, 3.0])
@pytest.mark.parametrize("efficiency", [0.3, 0.5, 0.7])
def test_the_error_of_a_rejection_is_the_spread_where_scores_are_tied(width, efficiency):
    """Of trees with few leaves: a part of the jets at the threshold always passes."""
    random = np.random.default_rng(7)

    def sample(mean, n):
        return np.round(random.normal(mean, 1, n) / width)

    points = [working_point(sample(1, 800), sample(0, 2000), efficiency) for _ in range(600)]
    spread = np.std([math.log(point.rejection) for point in points])
    assert np.mean([point.relative_error for point in points]) == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize(("n_signal", "efficiency"), [(30, 0.99), (300, 0.999)])
def test_a_cut_at_the_last_jet_of_the_signal_has_an_error(n_signal, efficiency):
    """There all samples keep all of the signal, however far the threshold moves."""
    random = np.random.default_rng(8)
    points = [
        working_point(random.normal(1.5, 1, n_signal), random.normal(0, 1, 5000), efficiency)
        for _ in range(300)
    ]
    spread = np.std([math.log(point.rejection) for point in points])
    claimed = np.sqrt(np.mean([point.relative_error**2 for point in points]))
    assert 0.7 * spread < claimed < 1.5 * spread


@settings(max_examples=60)
@given(SCORES, SCORES)
def test_the_curve_between_tied_scores_is_that_of_scikit_learn(signal, background):
    truth = np.r_[np.ones(len(signal)), np.zeros(len(background))]
    x, y, _ = roc_curve(truth, np.r_[signal, background], drop_intermediate=False)
    efficiencies = np.arange(1, len(signal) + 1) / len(signal)
    # The stretch of the curve that reaches each efficiency.
    end = np.searchsorted(y, efficiencies - 1e-12)
    along = (efficiencies - y[end - 1]) / (y[end] - y[end - 1])
    expected = x[end - 1] + along * (x[end] - x[end - 1])
    found = background_efficiencies(signal, background, efficiencies)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_score_that_is_no_number_is_an_error():
    values, target = torch.tensor([1.0, -torch.inf, 0.5]), torch.tensor([1, 0, 0])
    assert split_scores(values, target).background.tolist() == [-math.inf, 0.5]
    values[2] = torch.nan
    for measure in (split_scores, score_auc):
        with pytest.raises(TrainingError, match="1 of 3 scores are not numbers"):
            measure(values, target)


def test_half_of_what_is_tied_passes_with_half_of_the_signal():
    signal, background = np.ones(10), np.r_[np.ones(100), np.zeros(1900)]
    assert working_point(signal, background, 0.5).n_passing == 50
    # Of each of 100 tied jets a half: the variance of their number is a quarter of theirs. A half
    # of the signal always passes, so that the threshold has no error.
    found = working_point(signal, background, 0.5)
    assert found.relative_error == pytest.approx(math.sqrt(25 / 50**2 - 1 / 2000), rel=1e-3)


@settings(max_examples=60)
@given(SCORES, SCORES, st.floats(0.01, 1.0))
def test_all_figures_of_a_cut_count_the_same_jets(signal, background, efficiency):
    masses = np.arange(len(background), dtype=float)
    (row,) = figures_of_merit({"nominal": Scores(signal, background, masses)}, [efficiency])
    (passing,) = row["background_passing"].values()
    (here,) = row["at_nominal_threshold"].values()
    (sculpted,) = row["sculpting"].values()
    assert here["background_efficiency"] == pytest.approx(passing / len(background))
    assert here["signal_efficiency"] == pytest.approx(
        max(1, math.ceil(efficiency * len(signal) - 1e-9)) / len(signal)
    )
    assert sculpted["n_passing"] == pytest.approx(passing)


def test_an_infinite_rejection_says_so_and_is_valid_json():
    scores = {"nominal": Scores(np.ones(5), np.zeros(5))}
    (row,) = figures_of_merit(scores, [0.5])
    assert row["rejection"] == {"0.5": None}
    assert row["rejection_error"] == {"0.5": None}
    assert row["background_passing"] == {"0.5": 0}
    json.dumps(row, allow_nan=False)


def test_roc_curve_agrees_with_the_working_points():
    random = np.random.default_rng(2)
    signal, background = random.normal(1, 1, 300), random.normal(0, 1, 500)
    grid = np.array([0.1, 0.3, 0.5, 1.0])
    expected = [working_point(signal, background, e).n_passing for e in grid]
    np.testing.assert_allclose(500 * background_efficiencies(signal, background, grid), expected)


def test_other_views_are_judged_at_the_nominal_threshold():
    random = np.random.default_rng(3)
    nominal = Scores(random.normal(1, 1, 1000), random.normal(0, 1, 1000))
    shifted = Scores(nominal.signal + 0.5, nominal.background + 0.5)
    rows = figures_of_merit({"vincia": shifted, "nominal": nominal}, [0.5])
    other, own = (row["at_nominal_threshold"]["0.5"] for row in rows)
    assert own["signal_efficiency"] == 0.5
    assert (own["relative_to_nominal"], own["relative_to_nominal_error"]) == (1, 0)
    assert other["signal_efficiency"] > 0.65
    assert other["relative_to_nominal"] > 1.5
    assert rows[0]["auc"] == rows[1]["auc"]
