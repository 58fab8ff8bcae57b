from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score, roc_curve

from rs3l_train.errors import TrainingError
from rs3l_train.evaluation.baselines import baseline_scores
from rs3l_train.evaluation.plots import Plots
from rs3l_train.evaluation.plots_curves import rejection_band, roc_curves
from rs3l_train.evaluation.plots_embedding import principal_components
from rs3l_train.evaluation.plots_scores import background_masses
from rs3l_train.evaluation.representation import (
    alignment,
    effective_rank,
    linear_r2,
    physical_targets,
    uniformity,
)
from rs3l_train.evaluation.roc import (
    auc,
    auc_error,
    background_efficiencies,
    cut_at,
    working_point,
)
from rs3l_train.evaluation.scores import Scores
from rs3l_train.evaluation.substructure import (
    COLUMNS,
    TRACK_VARIABLES,
    VARIABLES,
    track_variables,
    variables,
)
from rs3l_train.evaluation.tagging import figures_of_merit
from rs3l_train.evaluation.trees import MOST_TREES, fit_trees
from rs3l_train.tasks.tagger import split_scores
from tests.train.views.test_views import one_jet

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
    assert auc_error(np.ones(1), np.zeros(1)) == 0


def test_rejection_and_its_error_by_hand():
    signal = np.arange(10.0)
    background = np.r_[np.full(4, 7.5), np.full(96, -1.0)]
    point = working_point(signal, background, 0.3)
    assert (point.cut, point.n_passing, point.n_background) == ((7.0, 1.0), 4, 100)
    assert point.rejection == 25
    # A standard deviation of the signal further, two jets or five would do: 0 or 4 would pass.
    assert point.relative_error == pytest.approx(math.hypot(math.sqrt(0.24), math.log(8) / 2))
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
    with pytest.raises(TrainingError, match="1 of 3 scores are not numbers"):
        split_scores(values, target)


def test_half_of_what_is_tied_passes_with_half_of_the_signal():
    signal, background = np.ones(10), np.r_[np.ones(100), np.zeros(1900)]
    assert working_point(signal, background, 0.5).n_passing == 50
    # Of each of 100 tied jets a half: the variance of their number is a quarter of theirs. So much
    # signal leaves the threshold no error.
    found = working_point(np.ones(10**6), background, 0.5)
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


def test_baselines_score_signal_high_and_broken_jets_lowest():
    jets = {
        "n2": np.array([0.1, 0.4, np.nan], np.float32),
        "tau1": np.array([0.5, 0.5, 0.0], np.float32),
        "tau2": np.array([0.1, 0.4, 0.0], np.float32),
        "softdrop_mass": np.array([120.0, 110.0, np.nan], np.float32),
    }
    for name, score in baseline_scores(jets, 125.0, 25.0).items():
        assert score[0] > score[1] > score[2], name
        assert score[2] == -np.inf
    narrow = baseline_scores(jets, 125.0, 10.0)
    assert narrow["mass window"].tolist() == [-5, -15, -np.inf]
    assert narrow["n2 in window"][0] == pytest.approx(-0.1)
    assert narrow["tau21 in window"][0] == pytest.approx(-0.2)
    assert narrow["n2 in window"][1] == narrow["tau21 in window"][1] == -25


def test_a_wider_cut_than_the_window_is_a_wider_window():
    random = np.random.default_rng(3)
    jets = {"n2": random.uniform(0, 0.5, 1000), "softdrop_mass": random.uniform(40, 200, 1000)}
    jets |= {"tau1": np.ones(1000), "tau2": random.uniform(0, 1, 1000)}
    scores = baseline_scores(jets, 125.0, 25.0)
    outside = np.abs(jets["softdrop_mass"] - 125) > 25
    for name in ("n2 in window", "tau21 in window"):
        assert scores[name][outside].max() < scores[name][~outside].min()
        order = np.argsort(scores[name][outside])
        assert (np.diff(scores["mass window"][outside][order]) >= 0).all()


def test_a_jet_of_one_constituent_has_no_prongs():
    one = {name: np.zeros(1) for name in ("n2", "tau1", "tau2")} | {
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


def test_trees_use_a_variable_that_tells_and_stop_in_time():
    random = np.random.default_rng(6)

    def sample(n):
        target = random.integers(0, 2, n)
        x = random.normal(size=(n, 8))
        x[:, 3] += 2 * target
        x[random.random((n, 8)) < 0.05] = np.nan
        return x, target

    (x, target), (other, other_target), (test, truth) = sample(100), sample(500), sample(2000)
    score, n_trees = fit_trees(x, target, other, other_target, seed=1)
    assert n_trees < MOST_TREES
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


def test_principal_components_keep_the_largest_variance():
    random = np.random.default_rng(7)
    wide = random.normal(size=(500, 5)) * [0.1, 3.0, 0.1, 1.0, 0.1] + 4
    projected, shares = principal_components(wide)
    np.testing.assert_allclose(np.abs(np.corrcoef(projected[:, 0], wide[:, 1])[0, 1]), 1, atol=1e-2)
    assert shares[0] == pytest.approx(9 / 10.03, abs=0.02)
    assert projected.mean() == pytest.approx(0, abs=1e-12)
    one, shares = principal_components(wide[:, :1])
    assert one.shape == (500, 2)
    assert shares.tolist() == [1, 0]


def test_effective_rank_counts_directions():
    generator = torch.Generator().manual_seed(1)
    wide = torch.randn(4000, 6, generator=generator)
    assert effective_rank(wide) == pytest.approx(6, rel=0.01)
    flat = torch.cat([wide[:, :2], torch.zeros(4000, 4)], dim=1)
    assert effective_rank(flat) == pytest.approx(2, rel=0.01)
    collapsed = torch.ones(100, 6) + 1e-3 * torch.randn(100, 1, generator=generator) * wide[0]
    assert effective_rank(collapsed) < 1.1


def test_alignment_and_uniformity():
    z = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [0.0, -1.0]])
    jets = torch.tensor([0, 0, 1, 1])
    assert alignment(z, jets) == pytest.approx(2)
    # Of the pairs of different jets two of four are opposite (d² = 4), two at right angles (2).
    assert uniformity(z, jets) == pytest.approx(math.log((math.exp(-8) + math.exp(-4)) / 2))
    assert alignment(z[[0, 0, 1, 1]], jets) == pytest.approx(0)


def test_alignment_and_uniformity_of_many_are_those_of_all_pairs(monkeypatch):
    monkeypatch.setattr("rs3l_train.evaluation.representation.BLOCK", 7)
    generator = torch.Generator().manual_seed(1)
    z, jets = torch.randn(30, 4, generator=generator), torch.arange(30) // 3
    unit = torch.nn.functional.normalize(z.double(), dim=1)
    distance = (unit[:, None] - unit).square().sum(-1)
    alike = jets[:, None] == jets
    apart = ~torch.eye(30, dtype=torch.bool)
    assert alignment(z, jets) == pytest.approx(float(distance[alike & apart].mean()))
    expected = (-2 * distance[~alike]).exp().mean().log()
    assert uniformity(z, jets) == pytest.approx(float(expected))
    assert math.isnan(uniformity(z, torch.zeros(30)))
    assert math.isnan(alignment(z, torch.arange(30)))


def test_r2_of_what_is_and_is_not_in_the_embedding():
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(2000, 4, generator=generator)
    noise = torch.randn(2000, generator=generator)
    signal = 3 * z[:, 0] - z[:, 2] + 5
    assert linear_r2(z, signal) > 0.99
    assert linear_r2(z, noise) == pytest.approx(0, abs=0.02)
    assert linear_r2(z, signal + math.sqrt(10) * noise) == pytest.approx(0.5, abs=0.06)


def test_orientation_is_that_of_the_radiation():
    def orientation(*prongs):
        jet = [(pt, deta, dphi, pt, 0, 0, 0, 0, 0, 0) for pt, deta, dphi in prongs]
        return physical_targets(one_jet(jet, padding=2))["orientation"][0].tolist()

    for psi in (0.0, 0.4, 1.5, 4.0):
        x, y = 0.2 * math.cos(psi), 0.2 * math.sin(psi)
        # About the axis of a jet, with the softer prong further out.
        found = orientation((100, -x, -y), (50, 2 * x, 2 * y))
        expected = [math.cos(2 * psi), math.sin(2 * psi), math.cos(psi), math.sin(psi)]
        assert found == pytest.approx(expected, abs=1e-5)


def test_an_orientation_is_found_however_the_embedding_holds_it():
    generator = torch.Generator().manual_seed(5)
    psi = 2 * math.pi * torch.rand(2000, generator=generator)
    target = torch.stack([f(k * psi) for k in (2, 1) for f in (torch.cos, torch.sin)], dim=1)
    noise = torch.randn(2000, 3, generator=generator)
    for held in target.T:
        assert linear_r2(torch.cat([noise, held[:, None]], dim=1), target) > 0.99
    assert linear_r2(noise, target) == pytest.approx(0, abs=0.02)


def test_a_band_holds_its_curve():
    random = np.random.default_rng(4)
    draws = [Scores(random.normal(1, 1, 200), random.normal(0, 1, 200)) for _ in range(3)]
    mean, low, high = rejection_band(draws)
    seen = np.isfinite(mean)
    assert seen.sum() > 50
    assert (low[seen] <= mean[seen]).all()
    assert (mean[seen] <= high[seen]).all()


def test_plots_are_listed_with_their_captions(tmp_path):
    scores = {"probe": [Scores(np.arange(10.0), np.arange(10.0) - 3)]}
    with Plots(tmp_path) as plots:
        plots.add(roc_curves(scores, {"n2": scores["probe"][0]}), "roc", "ROC", "A curve.")
    listed = json.loads((tmp_path / "plots" / "plots.json").read_text())
    assert listed == [{"file": "roc.png", "title": "ROC", "caption": "A curve."}]
    assert (tmp_path / "plots" / "roc.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.filterwarnings("error")
def test_a_dataset_without_masses_has_a_picture_without_them():
    scores = np.linspace(0, 1, 20)
    background_masses({"probe": Scores(scores, scores, np.full(20, np.nan))}, 0.5)


def test_r2_is_measured_on_jets_that_were_not_fitted():
    generator = torch.Generator().manual_seed(2)
    z, noise = torch.randn(100, 40, generator=generator), torch.randn(100, generator=generator)
    assert linear_r2(z, noise) < 0


def test_jets_at_the_threshold_pass():
    mass = np.array([10.0, 20, 30, 40])
    scores = Scores(np.array([1.0, 2.0]), np.array([1.0, 1.0, 0.0, 0.0]), mass)
    (row,) = figures_of_merit({"nominal": scores}, [1.0])
    assert row["sculpting"]["1"]["n_passing"] == 2


def test_as_many_trees_as_validate_best():
    random = np.random.default_rng(6)
    x, target = random.normal(size=(100, 8)), random.integers(0, 2, 100)
    x[:, 3] += 2 * target
    held, truth = random.normal(size=(500, 8)), random.integers(0, 2, 500)
    held[:, 3] += 2 * truth
    score, n_trees = fit_trees(x, target, held, truth, seed=1)
    values = score(held)
    trees = HistGradientBoostingClassifier(
        max_iter=MOST_TREES, min_samples_leaf=5, early_stopping=False, random_state=1
    ).fit(x, target)
    aucs = [
        auc(s[truth == 1], s[truth == 0])
        for s in map(np.ravel, trees.staged_decision_function(held))
    ]
    assert n_trees == int(np.argmax(aucs)) + 1
    assert auc(values[truth == 1], values[truth == 0]) == pytest.approx(max(aucs))


def test_the_orientation_is_weighted_with_pt():
    prongs = [
        (300, 0.3, 0, 300, 0, 0, 0, 0, 0, 0),
        (100, 0, 0.3, 100, 0, 0, 0, 0, 0, 0),
        (100, 0.2, 0.2, 100, 0, 0, 0, 0, 0, 0),
    ]
    along, across = 300 * 0.09 - 100 * 0.09, 100 * 2 * 0.04
    found = physical_targets(one_jet(prongs, padding=2))["orientation"][0].tolist()
    length = math.hypot(along, across)
    assert found[:2] == pytest.approx([along / length, across / length])
    x, y = 300 * 0.027 + 100 * 0.2 * 0.08, 100 * 0.027 + 100 * 0.2 * 0.08
    assert found[2:] == pytest.approx([x / math.hypot(x, y), y / math.hypot(x, y)])
