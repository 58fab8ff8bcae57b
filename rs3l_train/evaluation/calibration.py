"""Whether a score of 0.8 means that eight jets of ten are signal.

A tagger's score is a logit, and its probability holds for the mixture of classes that it was
trained on. Where that is not the mixture of the test jets, they are weighted to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit

from rs3l_train.evaluation.roc import F8, mean_and_error
from rs3l_train.evaluation.scores import Scores

N_BINS = 10
TEMPERATURES = (1e-2, 1e2)


@dataclass(frozen=True, slots=True)
class Reliability:
    """Jets in bins of the predicted probability; bins without jets are left out."""

    predicted: F8
    """(n_bins,) mean predicted probability"""
    observed: F8
    """(n_bins,) share of signal"""
    error: F8
    """(n_bins,) standard error of `observed`"""
    share: F8
    """(n_bins,) part of the jets, weighted"""

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean distance of the two (arXiv:1706.04599, eq. 3)."""
        return float((self.share * np.abs(self.observed - self.predicted)).sum())

    @property
    def error_of_expected_error(self) -> float:
        """Standard error of `expected_error`, the bins being independent."""
        return float(np.sqrt(np.square(self.share * self.error).sum()))

    @property
    def noise(self) -> float:
        """What `expected_error` would be on average for perfect probabilities of so many jets."""
        return float((self.share * self.error).sum() * math.sqrt(2 / math.pi))


def reliability(
    scores: Scores, share: float | None = None, temperature: float = 1.0
) -> Reliability:
    """Compare predicted probabilities with what is observed, in bins of equal width.

    Parameters
    ----------
    scores
        Logits.
    share
        Part of signal in the mixture that the probabilities hold for; None: that of the scores.
    temperature
        What the logits are divided by.
    """
    weights, sizes = _weights(scores, share), _sizes(scores)
    probability = expit(np.concatenate([scores.signal, scores.background]) / temperature)
    truth, weight = np.repeat([1.0, 0.0], sizes), np.repeat(weights, sizes)
    index = np.minimum((probability * N_BINS).astype(np.int64), N_BINS - 1)

    def total(values: F8) -> F8:
        return np.bincount(index, values, N_BINS).astype(np.float64)

    filled = total(weight) > 0
    in_bin = total(weight)[filled]
    of_signal = total(weight * truth)[filled]
    observed = of_signal / in_bin
    # The two kinds vary on their own, and each moves the share by what the other weighs: the
    # variance of S/(S + B) is p (1 - p) / n_effective.
    one_signal, one_background = weights
    n_effective = in_bin**2 / (one_signal * (in_bin - of_signal) + one_background * of_signal)
    # An empty or full bin has a spread of none: one jet more would be the other kind at most.
    smoothed = (observed * n_effective + 0.5) / (n_effective + 1)
    return Reliability(
        total(weight * probability)[filled] / in_bin,
        observed,
        np.sqrt(smoothed * (1 - smoothed) / n_effective),
        in_bin,
    )


def brier(
    scores: Scores, share: float | None = None, temperature: float = 1.0
) -> tuple[float, float]:
    """Compute the mean squared distance of probability and truth, and its standard error.

    The error is for given numbers of signal and background jets.
    """
    of_signal, of_background = -scores.signal / temperature, scores.background / temperature
    return _mean_and_error(scores, share, expit(of_signal) ** 2, expit(of_background) ** 2)


def cross_entropy(scores: Scores, share: float | None = None, temperature: float = 1.0) -> float:
    """Compute the mean of -log of the probability of the true class."""
    weight_signal, weight_background = _weights(scores, share)
    of_signal = np.logaddexp(0, -scores.signal / temperature) * weight_signal
    of_background = np.logaddexp(0, scores.background / temperature) * weight_background
    return float(of_signal.sum() + of_background.sum())


def fit_temperature(scores: Scores, share: float | None) -> float:
    """Find what logits are to be divided by for the least cross entropy (arXiv:1706.04599).

    Between 0.01 and 100; the cross entropy is convex in its inverse, and so has one minimum.
    """
    found = minimize_scalar(
        lambda log_t: cross_entropy(scores, share, math.exp(log_t)),
        bounds=[math.log(t) for t in TEMPERATURES],
        method="bounded",
        options={"xatol": 1e-6},
    )
    return math.exp(found.x)


def accuracy(scores: Scores, share: float | None = None) -> tuple[float, float]:
    """Compute the part of the jets on the right side of probability ½ (logit 0), and its error."""
    right = scores.signal >= 0, scores.background < 0
    return _mean_and_error(scores, share, *(jets.astype(np.float64) for jets in right))


def calibration(
    scores: Scores, share: float | None = None, temperature: float | None = None
) -> dict[str, float]:
    """Measure the calibration of logits.

    Returns
    -------
    dict
        `ece`, the expected calibration error, `ece_error`, `ece_of_noise` (what perfect
        probabilities would show with so few jets), `brier`, `brier_error`, and with
        a ``temperature`` that and `ece_scaled`, `brier_scaled`.
    """
    found = reliability(scores, share)
    score, score_error = brier(scores, share)
    measured = {
        "ece": found.expected_error,
        "ece_error": found.error_of_expected_error,
        "ece_of_noise": found.noise,
        "brier": score,
        "brier_error": score_error,
    }
    if temperature is not None:
        measured["temperature"] = temperature
        measured["ece_scaled"] = reliability(scores, share, temperature).expected_error
        measured["brier_scaled"] = brier(scores, share, temperature)[0]
    return measured


def _mean_and_error(
    scores: Scores, share: float | None, of_signal: F8, of_background: F8
) -> tuple[float, float]:
    """Average over the mixture what each jet counts; the numbers of either class are given."""
    parts = np.array(_sizes(scores)) * _weights(scores, share)
    means, errors = np.transpose([mean_and_error(of_signal), mean_and_error(of_background)])
    return float(parts @ means), math.hypot(*(parts * errors))


def _weights(scores: Scores, share: float | None) -> tuple[float, float]:
    """Weight of a signal and of a background jet; over all jets they add up to one."""
    n_signal, n_background = _sizes(scores)
    share = n_signal / (n_signal + n_background) if share is None else share
    return share / n_signal, (1 - share) / n_background


def _sizes(scores: Scores) -> tuple[int, int]:
    return len(scores.signal), len(scores.background)
