from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import wasserstein_distance

from rs3l_train.evaluation.robustness import (
    _covariance,
    agreement,
    at_threshold,
    ranks,
    wasserstein,
    wasserstein_of_noise,
)
from rs3l_train.evaluation.scores import Scores, in_common
from rs3l_train.evaluation.tagging import figures_of_merit

SAMPLES = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-5, 5, width=16))


@settings(max_examples=80)
@given(SAMPLES, SAMPLES)
def test_wasserstein_is_that_of_scipy(first, second):
    expected = wasserstein_distance(first, second)
    assert wasserstein(first, second) == pytest.approx(expected, abs=1e-12)
    assert wasserstein(second, first) == pytest.approx(expected, abs=1e-12)


def test_a_shift_is_its_own_distance_and_noise_is_that_of_chance():
    random = np.random.default_rng(1)
    x = random.normal(size=3000)
    assert wasserstein(x, x + 0.7) == pytest.approx(0.7)
    pairs = [(random.normal(size=400), random.normal(size=300)) for _ in range(60)]
    by_chance = np.mean([wasserstein(*pair) for pair in pairs])
    claimed = np.mean([wasserstein_of_noise(*pair, in_common(None, None)) for pair in pairs])
    assert claimed == pytest.approx(by_chance, rel=0.15)


def test_ranks_do_not_care_for_the_scale_of_a_score():
    random = np.random.default_rng(2)
    signal, background = random.normal(1, 1, 500), random.normal(-1, 1, 800)
    reference = Scores(signal, background)
    rank = ranks(signal, reference)
    bent = Scores(signal**3 / 7, background**3 / 7)
    np.testing.assert_allclose(ranks(bent.signal, bent), rank)
    assert rank.mean() > 0.5 > ranks(background, reference).mean()
    assert ranks(np.array([-9.0, 9.0]), reference).tolist() == [0, 1]


def test_a_flat_score_does_not_look_more_robust():
    random = np.random.default_rng(3)
    nominal = Scores(random.normal(1, 1, 800), random.normal(-1, 1, 800))
    shifted = Scores(nominal.signal - 0.3, nominal.background + 0.3)

    def distance(scale):
        views = {
            name: Scores(scale * own.signal, scale * own.background)
            for name, own in (("nominal", nominal), ("other", shifted))
        }
        return figures_of_merit(views, [0.5])[1]["wasserstein"]

    assert distance(0.001) == distance(1.0)
    assert distance(1.0)["signal"]["distance"] > 2 * distance(1.0)["signal"]["of_noise"]


def test_errors_at_the_nominal_threshold_are_the_spread_of_repeated_samples():
    random = np.random.default_rng(4)

    def sample(shift):
        return Scores(random.normal(1 + shift, 1, 1500), random.normal(shift, 1, 1500))

    tables = [at_threshold(sample(0.2), sample(0.0), 0.5) for _ in range(300)]
    for key in ("signal_efficiency", "background_efficiency", "relative_to_nominal"):
        spread = np.std([table[key] for table in tables])
        claimed = np.mean([table[f"{key}_error"] for table in tables])
        assert claimed == pytest.approx(spread, rel=0.15), key
    assert np.mean([table["relative_to_nominal"] for table in tables]) > 1.2


@pytest.mark.parametrize("width", [0.01, 1.5, 3.0])
@pytest.mark.parametrize("correlation", [0.0, 0.7, 0.95])
def test_errors_of_the_same_jets_in_two_views_are_the_spread_of_repeated_samples(
    correlation, width
):
    """Of a detector simulated anew, scores are nearly those of nominal; a few jets are apart.

    Those of trees are tied.
    """
    random = np.random.default_rng(5)
    n, apart = 1500, 100
    share = math.sqrt(correlation), math.sqrt(1 - correlation)

    def versions(mean, shift):
        common = random.normal(size=n)
        here, there = (share[0] * common + share[1] * random.normal(size=n) for _ in range(2))
        here, there = mean + shift + here[apart:], mean + there[:-apart]
        return np.round(here / width), np.round(there / width)

    def sample():
        signal, background = versions(1, 0.2), versions(0, 0.2)
        jets = np.arange(apart, n), np.arange(n - apart)
        return [
            Scores(s, b, None, own, own) for s, b, own in zip(signal, background, jets, strict=True)
        ]

    pairs = [sample() for _ in range(300)]
    tables = [at_threshold(*pair, 0.5) for pair in pairs]
    for key in ("signal_efficiency", "relative_to_nominal"):
        spread = np.std([table[key] for table in tables])
        claimed = np.mean([table[f"{key}_error"] for table in tables])
        assert claimed == pytest.approx(spread, rel=0.15), key


@pytest.mark.parametrize("correlation", [0.0, 0.7, 0.95])
def test_the_noise_of_the_same_jets_in_two_views_is_that_of_chance(correlation):
    random = np.random.default_rng(6)
    n = 400
    share = math.sqrt(correlation), math.sqrt(1 - correlation)
    by_chance, claimed = [], []
    for _ in range(60):
        common = random.normal(size=n)
        first, second = (share[0] * common + share[1] * random.normal(size=n) for _ in range(2))
        places = in_common(np.arange(n), np.arange(50, n + 50))
        here, there = first, np.r_[second[50:], random.normal(size=50)]
        by_chance.append(wasserstein(here, there))
        claimed.append(wasserstein_of_noise(here, there, places))
    assert np.mean(claimed) == pytest.approx(np.mean(by_chance), rel=0.15)


@pytest.mark.parametrize(
    ("n_signal", "n_background", "noise"), [(300, 1000, 0.1), (2000, 10_000, 0.01)]
)
def test_errors_of_nearly_the_same_scores_are_their_spread(n_signal, n_background, noise):
    """Of another calorimeter scale, where a few jets change sides."""
    random = np.random.default_rng(9)

    def sample():
        jets = np.arange(n_signal), np.arange(n_background)
        scores = random.normal(2, 1, n_signal), random.normal(0, 1, n_background)
        return [
            Scores(*(own + noise * random.normal(size=len(own)) for own in scores), None, *jets)
            for _ in range(2)
        ]

    tables = [at_threshold(*sample(), 0.5) for _ in range(300)]
    for key in ("signal_efficiency", "relative_to_nominal"):
        spread = np.std([table[key] for table in tables])
        claimed = np.mean([table[f"{key}_error"] for table in tables])
        assert claimed == pytest.approx(spread, rel=0.15), key


def test_a_change_of_no_jet_has_an_error():
    """As if half a jet of one more had changed sides."""
    signal, background = np.arange(10.0), np.r_[np.full(5, 9.0), np.zeros(14)]
    jets = np.arange(10), np.arange(19)
    views = [Scores(signal, background, None, *jets) for _ in range(2)]
    found = at_threshold(*views, 0.5)
    part = 0.5 / 20
    assert found["relative_to_nominal"] == 1
    expected = math.sqrt(part * (1 - part) / 19) / (5 / 19)
    assert found["relative_to_nominal_error"] == pytest.approx(expected)
    part = 0.5 / 11
    assert found["signal_efficiency_error"] == pytest.approx(math.sqrt(part * (1 - part) / 10))


def test_where_nothing_passes_the_error_is_not_0_and_what_is_chosen_has_none():
    signal = np.arange(10.0)
    reference = Scores(signal, np.r_[np.full(2, 9.0), np.zeros(8)])
    found = at_threshold(Scores(signal, np.zeros(4)), reference, 0.5)
    assert found["background_efficiency"] == found["relative_to_nominal"] == 0
    # As if half a jet of one more had passed.
    assert found["background_efficiency_error"] == pytest.approx(math.sqrt(0.1 * 0.9 / 4))
    assert found["relative_to_nominal_error"] == pytest.approx(math.sqrt(0.1 * 0.9 / 4) / 0.2)
    # Five of ten jets, and a threshold that is known by as many.
    expected = math.hypot(math.sqrt(0.25 / 9), math.sqrt(0.25 / 9))
    assert found["signal_efficiency_error"] == pytest.approx(expected)
    own = at_threshold(reference, reference, 0.5)
    assert own["signal_efficiency_error"] == own["relative_to_nominal_error"] == 0


def test_agreement_is_that_of_all_pairs():
    random = np.random.default_rng(5)
    first = random.normal(size=(30, 6)) + 1
    second = first + 0.3 * random.normal(size=(30, 6))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (first, second)]
    cosines = unit[0] @ unit[1].T
    own = agreement(first, second)
    assert own["same_jet"] == pytest.approx(np.diag(cosines).mean())
    assert own["other_jet"] == pytest.approx(cosines[~np.eye(30, dtype=bool)].mean())
    assert own["same_jet"] > own["other_jet"] + 0.3
    assert agreement(first, 5 * first)["same_jet"] == pytest.approx(1)
    assert agreement(first[:1], second[:1])["other_jet"] is None


def test_the_error_relative_to_nominal_by_hand():
    signal = np.ones(10)
    here, there = np.r_[np.ones(20), np.zeros(80)], np.r_[np.ones(10), np.zeros(90)]
    found = at_threshold(Scores(signal, here), Scores(signal, there), 1.0)
    assert found["relative_to_nominal"] == pytest.approx(2)
    expected = 2 * math.hypot(math.sqrt(0.2 * 0.8 / 99) / 0.2, math.sqrt(0.1 * 0.9 / 99) / 0.1)
    assert found["relative_to_nominal_error"] == pytest.approx(expected)


def test_the_error_of_the_agreement_is_that_of_a_mean():
    random = np.random.default_rng(6)
    first = random.normal(size=(50, 4)) + 1
    second = first + random.normal(size=(50, 4))
    norms = [np.linalg.norm(z, axis=1) for z in (first, second)]
    cosines = (first * second).sum(1) / norms[0] / norms[1]
    expected = cosines.std(ddof=1) / math.sqrt(50)
    assert agreement(first, second)["same_jet_error"] == pytest.approx(expected)


def test_the_covariance_of_two_means_is_that_of_the_jets_in_common():
    random = np.random.default_rng(8)
    first, second = random.normal(1, 1, 12), random.normal(5, 2, 30)
    common = np.arange(3, 12), np.arange(9)
    turned = common[::-1]
    found = _covariance(first, second, common)
    assert _covariance(second, first, turned) == pytest.approx(found)
    assert _covariance(second + 7, first - 3, turned) == pytest.approx(found)
    # Of a sample with itself it is the variance of its mean; of samples of no common jet 0.
    everything = np.arange(12), np.arange(12)
    assert _covariance(first, first, everything) == pytest.approx(first.var(ddof=1) / 12)
    assert _covariance(first, second, in_common(None, None)) == 0
