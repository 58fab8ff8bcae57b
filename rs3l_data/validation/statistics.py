"""Two-sample tests of weighted values, of which some belong to the same event.

Two jets of one event share its momentum and its weight, so it is events, and not jets, that are
independent. Everything here takes its errors from sums over events. The two samples themselves are
independent of one another: views are compared with other events than their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import kolmogorov
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import fisher_exact

from rs3l_data.report.histograms import F8
from rs3l_data.store.tables import I8

_MOST_BINS = 20
_EVENTS_IN_A_BIN = 20
"""Effective events that a bin needs at least, for the chi-squared distribution to hold"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Values with the weights and the events that they come from; what is no number is left out."""

    values: F8
    """(n,)"""
    weights: F8
    """(n,)"""
    events: I8
    """(n,), 0 to ``n_events - 1``"""
    n_events: int

    @classmethod
    def of(cls, values: npt.ArrayLike, weights: npt.ArrayLike, keys: npt.ArrayLike) -> Sample:
        """Make a sample from columns, (n,) each; ``keys`` are equal for values of one event."""
        found = np.asarray(values, np.float64)
        known = np.isfinite(found)
        distinct, events = np.unique(np.asarray(keys)[known], return_inverse=True)
        weight = np.asarray(weights, np.float64)[known]
        return cls(found[known], weight, events.astype(np.int64), len(distinct))

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Result:
    """What a test found."""

    method: Literal["KS", "chi2", "Fisher"]
    statistic: float
    p: float
    """Probability of at least this difference where there is none"""
    detail: dict[str, float] = field(default_factory=dict)


def effective_number(sample: Sample) -> float:
    """Count how many independent values of weight 1 would fix a distribution as well.

    With F the sample's distribution function, the largest F (1 - F) over the largest variance of F,
    at nineteen points; the variance is that of a ratio of sums over independent events (Cochran,
    Sampling Techniques, 1977, section 11). Without weights and with one value to each event it is
    the number of values; with weights that know nothing of the values it is about Kish's
    (sum w)² / sum w². The largest variance counts, not the mean, because large distances by chance
    are where it is: under the small values if their weights are the large ones.
    """
    total = sample.weights.sum()
    order = np.argsort(sample.values)
    below = np.cumsum(sample.weights[order]) / total
    points = np.linspace(0.05, 0.95, 19)
    thresholds = sample.values[order][np.minimum(np.searchsorted(below, points), len(sample) - 1)]
    own, variance = [], []
    for threshold in np.unique(thresholds):
        inside = sample.values <= threshold
        share = sample.weights[inside].sum() / total
        influence = np.bincount(sample.events, sample.weights * (inside - share), sample.n_events)
        own.append(share * (1 - share))
        variance.append(np.sum(influence**2) / total**2)
    largest = float(max(variance))
    return float(max(own)) / largest if largest > 0 else float(sample.n_events)


def ks_test(a: Sample, b: Sample) -> Result:
    """Compare two samples by the largest distance of their distribution functions.

    The p-value is Kolmogorov's with Stephens' correction (J. R. Stat. Soc. B 32 (1970) 115) and
    the samples' effective numbers. For whole numbers, where jets come in pairs, and where weights
    depend on the values, it is too large, never too small.

    Raises
    ------
    ValueError
        If a sample is empty.
    """
    _require(a, b)
    points = np.unique(np.concatenate([a.values, b.values]))
    distance = float(np.max(np.abs(_distribution(a, points) - _distribution(b, points))))
    numbers = effective_number(a), effective_number(b)
    root = np.sqrt(numbers[0] * numbers[1] / (numbers[0] + numbers[1]))
    p = float(kolmogorov((root + 0.12 + 0.11 / root) * distance))
    return Result("KS", distance, p, {"n_effective_a": numbers[0], "n_effective_b": numbers[1]})


def chi2_test(a: Sample, b: Sample) -> Result:
    """Compare the shares of two samples in bins.

    The bins are as many quantiles of both samples together as leave each bin enough events, 20 at
    most.

    chi² = dᵀ V⁻¹ d with the differences d of the shares and the covariance V that both would have
    if they were alike, estimated from the sums of weights of each event in each bin. Without
    weights and with one value to each event it is Pearson's chi² of a contingency table.

    Raises
    ------
    ValueError
        If a sample is empty.
    """
    _require(a, b)
    edges = _quantiles(a, b)
    n_bins = len(edges) + 1
    sums = [_sums(sample, edges) for sample in (a, b)]
    # In units of the mean weight of an event: the samples' weights may be on different scales.
    sums = [one / one.sum() * len(one) for one in sums]
    every = np.concatenate(sums)
    pooled = every.mean(0)
    spread = every - pooled * every.sum(1, keepdims=True)
    covariance = spread.T @ spread / len(every) * sum(1 / len(one) for one in sums)
    shares = [one.mean(0) for one in sums]
    used = pooled > 0
    kept = np.flatnonzero(used)[:-1]
    difference = (shares[0] - shares[1])[kept]
    if len(kept) == 0:
        return Result("chi2", 0.0, 1.0, {"dof": 0.0, "bins": float(n_bins)})
    inverse = np.linalg.pinv(covariance[np.ix_(kept, kept)], hermitian=True)
    value = float(difference @ inverse @ difference)
    p = float(chi2_distribution.sf(value, len(kept)))
    return Result("chi2", value, p, {"dof": float(len(kept)), "bins": float(n_bins)})


def share_test(a: Sample, b: Sample) -> Result:
    """Compare how many events have all their jets: Fisher's exact test of two by two events.

    Parameters
    ----------
    a, b
        Values 1 for a jet that is present and 0 for one that is not.

    Returns
    -------
    Result
        The statistic is the difference of the weighted shares of present jets.
    """
    table = []
    for sample in (a, b):
        complete = np.ones(sample.n_events, bool)
        complete[sample.events[sample.values == 0]] = False
        table.append([int(complete.sum()), int((~complete).sum())])
    shares = [float(np.average(one.values, weights=one.weights)) for one in (a, b)]
    p = float(fisher_exact(table).pvalue)
    return Result("Fisher", shares[0] - shares[1], p, {"share_a": shares[0], "share_b": shares[1]})


def weighted_mean(values: F8, weights: F8, events: I8) -> tuple[float, float]:
    """Compute a mean and its error from independent events.

    Parameters
    ----------
    values, weights, events : (n,)
        Events as in `Sample`.
    """
    total = weights.sum()
    mean = float(np.sum(weights * values) / total)
    influence = np.bincount(events, weights * (values - mean))
    return mean, float(np.sqrt(np.sum(influence**2)) / total)


def _require(*samples: Sample) -> None:
    for sample in samples:
        if len(sample) == 0:
            raise ValueError("a sample without values cannot be compared")


def _distribution(sample: Sample, points: F8) -> F8:
    order = np.argsort(sample.values)
    below = np.concatenate([[0.0], np.cumsum(sample.weights[order])])
    found: F8 = below[np.searchsorted(sample.values[order], points, side="right")] / below[-1]
    return found


def _quantiles(a: Sample, b: Sample) -> F8:
    """Choose the inner edges of bins, (n_bins - 1,)."""
    smaller = min(effective_number(a), effective_number(b))
    n_bins = int(np.clip(smaller / _EVENTS_IN_A_BIN, 2, _MOST_BINS))
    values = np.concatenate([a.values, b.values])
    weights = np.concatenate([a.weights / a.weights.sum(), b.weights / b.weights.sum()])
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / 2
    at = np.searchsorted(below, np.arange(1, n_bins) / n_bins)
    # A bin holds what is above its lower edge, up to and with its upper one.
    return np.unique(values[order][np.minimum(at, len(values) - 1)])


def _sums(sample: Sample, edges: F8) -> F8:
    """Sum the weights of each event in each bin, (n_events, n_bins)."""
    n_bins = len(edges) + 1
    index = np.searchsorted(edges, sample.values, side="left")
    flat = np.bincount(sample.events * n_bins + index, sample.weights, sample.n_events * n_bins)
    sums: F8 = flat.astype(np.float64, copy=False).reshape(sample.n_events, n_bins)
    return sums
