"""How much a tagger's answers change from one view to another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_train.evaluation.roc import F8, chosen_cut, mean_and_error, part_below
from rs3l_train.evaluation.scores import Places, Scores, in_common

NOISE_DRAWS = 20


def wasserstein(first: F8, second: F8) -> float:
    """Compute the Wasserstein-1 distance of two samples: the area between their distributions."""
    values = np.concatenate([first, second])
    order = np.argsort(values, kind="stable")
    return _area(values[order], (np.arange(len(values)) < len(first))[order])


def wasserstein_of_noise(first: F8, second: F8, common: Places) -> float:
    """Average the distance that chance alone shows, if no score says of which view it is.

    The versions of a jet that both views have change places at random; the other jets are dealt
    out anew, as many to each.
    """
    values = np.concatenate([first, second])
    order = np.argsort(values, kind="stable")
    in_first = np.arange(len(values)) < len(first)
    here, there = common[0], common[1] + len(first)
    alone = np.setdiff1d(np.arange(len(values)), np.concatenate([here, there]))
    random = np.random.default_rng(len(values))

    def drawn() -> float:
        dealt = in_first.copy()
        dealt[alone] = random.permutation(in_first[alone])
        dealt[here] = random.random(len(here)) < 0.5
        dealt[there] = ~dealt[here]
        return _area(values[order], dealt[order])

    return float(np.mean([drawn() for _ in range(NOISE_DRAWS)]))


def _area(values: F8, in_first: npt.NDArray[np.bool_]) -> float:
    """Compute the area between the distributions of two samples, put together and rising."""
    n_first = int(in_first.sum())
    below = np.cumsum(in_first) / n_first - np.cumsum(~in_first) / (len(values) - n_first)
    return float(np.abs(below[:-1]) @ np.diff(values))


def ranks(scores: F8, reference: Scores) -> F8:
    """Say for each score which part of a reference scores lower, its classes counting the same.

    Between 0 and 1, and the same for any monotonic function of the scores: a tagger cannot look
    robust by scores that are close together.
    """
    below = part_below(scores, reference.signal), part_below(scores, reference.background)
    return 0.5 * (below[0] + below[1])


def at_threshold(scores: Scores, reference: Scores, efficiency: float) -> dict[str, float | None]:
    """Measure what the cut does here that keeps ``efficiency`` of the reference's signal.

    Parameters
    ----------
    scores
        Of any number of jets; may be the reference itself.

    Returns
    -------
    dict
        Both efficiencies, the background's relative to the reference's (None if that is 0), and
        their errors: binomial ones, less what the jets that both views have let pass together, and
        that of the threshold, which the reference's sample of signal sets. The reference's own
        efficiency of the signal has none, as it is chosen.
    """
    same = scores is reference
    chosen = chosen_cut(reference.signal, efficiency)
    signal, background = chosen.cut(scores.signal), chosen.cut(scores.background)
    nominal_signal, nominal = chosen.cut(reference.signal), chosen.cut(reference.background)
    kept, kept_error = mean_and_error(signal)
    slope = chosen.slope(scores.signal)
    # Where the reference has more signal by chance, its threshold rises, and this view has too.
    together = _covariance(
        signal, nominal_signal, in_common(scores.signal_jets, reference.signal_jets)
    )
    kept_squared = kept_error**2 + (slope * chosen.error) ** 2 - 2 * slope * together
    here, here_error = mean_and_error(background)
    there = float(nominal.mean())
    # How the threshold moves the logarithms of both, one with the other.
    here_shift, there_shift = (
        chosen.error * chosen.slope_of_log(s.background) for s in (scores, reference)
    )
    ratio_error = None
    if there:
        common = in_common(scores.background_jets, reference.background_jets)
        shift = here_shift - there_shift
        ratio_error = 0.0 if same else _error_of_ratio(background, nominal, common, shift)
    return {
        "signal_efficiency": kept,
        "signal_efficiency_error": 0.0
        if same
        else math.sqrt(max(kept_squared, _least_variance(signal))),
        "background_efficiency": here,
        "background_efficiency_error": math.hypot(here_error, here * here_shift),
        "relative_to_nominal": here / there if there else None,
        "relative_to_nominal_error": ratio_error,
    }


def _error_of_ratio(here: F8, there: F8, common: Places, shift: float) -> float:
    """Combine the errors of a ratio of two means, of samples that have these jets in common.

    Parameters
    ----------
    shift
        Of the ratio's logarithm, by the threshold's error.
    """
    (above, above_error), (below, below_error) = mean_and_error(here), mean_and_error(there)
    ratio = above / below
    together = _covariance(here, there, common)
    squared = above_error**2 + (ratio * below_error) ** 2 - 2 * ratio * together
    return math.hypot(math.sqrt(max(squared, _least_variance(here))) / below, ratio * shift)


def _covariance(first: F8, second: F8, common: Places) -> float:
    """Estimate the covariance of two means, of samples that have these jets in common."""
    here, there = first[common[0]] - first.mean(), second[common[1]] - second.mean()
    # As unbiased as the variances are that it is taken from: of equal samples nothing remains.
    n = math.sqrt(max(len(first) - 1, 1) * max(len(second) - 1, 1))
    return float(here @ there) / (n * math.sqrt(len(first) * len(second)))


def _least_variance(passing: F8) -> float:
    """Give that of the change of a mean: not 0 where no jet changes sides, see `mean_and_error`."""
    return mean_and_error(np.zeros(len(passing)))[1] ** 2


def agreement(reference: F8, other: F8) -> dict[str, Any]:
    """Compare the embeddings of two versions of the same jets, (n, D) each.

    Returns
    -------
    dict
        Mean cosine of the two versions of a jet, its standard error, and, to judge it by, the mean
        cosine with the other version of another jet of the sample.
    """
    first, second = _unit(reference), _unit(other)
    same = (first * second).sum(1)
    # The sum over all pairs of different jets is what remains of the product of the sums.
    n = len(first)
    different = (first.sum(0) @ second.sum(0) - same.sum()) / (n * (n - 1)) if n > 1 else None
    return {
        "same_jet": float(same.mean()),
        "same_jet_error": float(same.std(ddof=1) / math.sqrt(n)) if n > 1 else None,
        "other_jet": None if different is None else float(different),
    }


def _unit(vectors: F8) -> F8:
    return np.asarray(
        vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12),
        dtype=np.float64,
    )
