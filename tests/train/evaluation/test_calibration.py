from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss

from rs3l_train.evaluation.calibration import (
    Reliability,
    accuracy,
    brier,
    calibration,
    cross_entropy,
    fit_temperature,
    reliability,
)
from rs3l_train.evaluation.scores import Scores


def calibrated(n, seed, share=0.5):
    """Logits that are the true log odds of jets, a part ``share`` of which is signal."""
    random = np.random.default_rng(seed)
    signal, background = random.normal(0.5, 1, n), random.normal(-0.5, 1, n)
    # Of two unit Gaussians at ±½ the log of the likelihood ratio is x itself.
    odds = np.log(share / (1 - share))
    n_signal = int(share * n)
    return Scores(signal[:n_signal] + odds, background[: n - n_signal] + odds)


def pooled(scores):
    truth = np.r_[np.ones(len(scores.signal)), np.zeros(len(scores.background))]
    return truth, expit(np.r_[scores.signal, scores.background])


def test_true_probabilities_are_calibrated_and_sharpened_ones_are_not():
    scores = calibrated(40_000, 1)
    found = reliability(scores)
    assert found.expected_error < 2.5 * found.noise
    np.testing.assert_allclose(found.observed, found.predicted, atol=5 * found.error.max())
    sharpened = reliability(Scores(4 * scores.signal, 4 * scores.background))
    assert sharpened.expected_error > 0.1
    assert sharpened.expected_error > 20 * sharpened.noise


def test_bins_and_the_expected_error_by_hand():
    """Two jets at 0.9, one of them signal; two at 0.2, both background: they have errors, too."""
    high, low = np.log(9.0), np.log(0.25)
    found = reliability(Scores(np.array([high]), np.array([high, low, low])))
    np.testing.assert_allclose(found.predicted, [0.2, 0.9])
    np.testing.assert_allclose(found.observed, [0.0, 0.5])
    np.testing.assert_allclose(found.error, np.sqrt([1 / 6 * 5 / 6 / 2, 0.5 * 0.5 / 2]))
    assert found.expected_error == pytest.approx(0.5 * 0.2 + 0.5 * 0.4)


def test_noise_is_what_calibrated_scores_show():
    found = [reliability(calibrated(2000, seed)) for seed in range(40)]
    mean = np.mean([one.expected_error for one in found])
    assert mean == pytest.approx(np.mean([one.noise for one in found]), rel=0.1)


@pytest.mark.parametrize(("n_signal", "n_background"), [(1000, 10_000), (10_000, 1000)])
def test_errors_of_bins_are_their_spread_where_a_class_is_rare(n_signal, n_background):
    """Jets are weighted to equal shares, for which the logits hold."""
    random = np.random.default_rng(3)
    observed, claimed = [], []
    for _ in range(400):
        scores = Scores(random.normal(0.5, 1, n_signal), random.normal(-0.5, 1, n_background))
        found = reliability(scores, 0.5)
        inner = slice(1, -1)  # the outermost are not always filled
        observed.append(found.observed[inner])
        claimed.append(found.error[inner])
    assert {len(one) for one in observed} == {8}
    # The numbers of both kinds are given, which the error does not know.
    np.testing.assert_allclose(np.mean(claimed, 0), np.std(observed, 0), rtol=0.2)


def test_brier_and_cross_entropy_are_those_of_scikit_learn():
    scores = calibrated(500, 2, share=0.2)
    truth, probability = pooled(scores)
    assert brier(scores)[0] == pytest.approx(brier_score_loss(truth, probability))
    assert cross_entropy(scores) == pytest.approx(log_loss(truth, probability))
    weights = np.where(truth == 1, 0.5 / truth.sum(), 0.5 / (1 - truth).sum())
    assert brier(scores, 0.5)[0] == pytest.approx(
        brier_score_loss(truth, probability, sample_weight=weights)
    )
    assert cross_entropy(scores, 0.5) == pytest.approx(
        log_loss(truth, probability, sample_weight=weights)
    )


def test_errors_are_the_spread_of_repeated_samples():
    samples = [calibrated(600, seed, share=0.3) for seed in range(300)]
    for measure in (brier, accuracy):
        values, errors = zip(*(measure(sample, 0.5) for sample in samples), strict=True)
        assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15), measure.__name__


def test_an_accuracy_of_one_has_an_error():
    """As if half a jet of one more were on the wrong side, of each class."""
    few = Scores(np.ones(4), -np.ones(19))
    variances = [(0.5 / 5) * (4.5 / 5) / 4, (0.5 / 20) * (19.5 / 20) / 19]
    mean, error = accuracy(few, 0.5)
    assert mean == 1
    assert error == pytest.approx(0.5 * np.sqrt(sum(variances)))


def test_another_mixture_of_classes_needs_weights():
    """Logits for equal classes, and test jets of which a twentieth is signal."""
    equal = calibrated(40_000, 3)
    scarce = Scores(equal.signal[:1000], equal.background[:19_000])
    weighted = reliability(scarce, 0.5)
    assert weighted.expected_error < 4 * weighted.noise
    assert reliability(scarce).expected_error > 0.2
    assert accuracy(scarce, 0.5)[0] == pytest.approx(accuracy(equal)[0], abs=0.02)


@pytest.mark.parametrize("true", [0.3, 1.0, 5.0])
def test_the_temperature_is_found(true):
    scores = calibrated(20_000, 4)
    heated = Scores(true * scores.signal, true * scores.background)
    found = fit_temperature(heated, 0.5)
    assert found == pytest.approx(true, rel=0.05)
    nearby = [cross_entropy(heated, 0.5, found * factor) for factor in (0.999, 1.0, 1.001)]
    assert min(nearby) == nearby[1]
    measured = calibration(heated, 0.5, found)
    assert measured["ece_scaled"] < 3 * measured["ece_of_noise"]
    assert measured["brier_scaled"] <= measured["brier"] + 1e-12


def test_extreme_logits_are_finite():
    scores = Scores(np.array([1e4, -1e4]), np.array([-1e4, 1e4]))
    measured = calibration(scores, 0.5, fit_temperature(scores, 0.5))
    assert all(np.isfinite(value) for value in measured.values())
    assert measured["brier"] == pytest.approx(0.5)


def test_the_error_of_the_expected_error_by_hand():
    half = np.array([0.5, 0.5])
    found = Reliability(np.array([0.2, 0.9]), np.array([0.1, 0.7]), np.array([0.06, 0.08]), half)
    assert found.error_of_expected_error == pytest.approx(0.05)
    assert calibration(Scores(np.array([1.0, 3.0]), np.array([-2.0, 1.5])))["ece_error"] > 0
