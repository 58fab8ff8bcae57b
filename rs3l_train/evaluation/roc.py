"""ROC curves and what is read off them, unweighted: every jet counts once.

In all of this file ``signal`` and ``background`` are the scores of the jets of a class, (n,) and
(m,), signal meant to score high, and ``efficiencies`` (k,) are ε_S, between 0 and 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rs3l_data.store.tables import I8

F8 = npt.NDArray[np.float64]

REACH = 2.0
"""Standard deviations of the signal's efficiency to either side, between which the ROC curve has
its slope: of fewer, the few jets between two cuts make the slope of one view differ from another's
by chance, which errors of their ratio would count as real"""


class Cut(NamedTuple):
    """A threshold on a score, and what becomes of the jets that lie on it."""

    threshold: float
    part: float
    """Of the jets at the threshold, that counts as passing"""

    def __call__(self, scores: F8) -> F8:
        """Say how much of each jet passes, (n,): all above the threshold, a part of those on it."""
        tied = np.where(scores == self.threshold, self.part, 0.0)
        return np.where(scores > self.threshold, 1.0, tied)


@dataclass(frozen=True, slots=True)
class WorkingPoint:
    """What passes at a signal efficiency."""

    cut: Cut
    n_passing: float
    """Background jets above the threshold, and of those at it as large a part as of the signal"""
    n_background: int
    relative_error: float
    """Of ε_B: the binomial one, and that of the threshold, which a sample of signal sets"""

    @property
    def rejection(self) -> float | None:
        """1/ε_B; None where no background passes, which makes it infinite."""
        return self.n_background / self.n_passing if self.n_passing else None

    @property
    def rejection_error(self) -> float | None:
        """Statistical error of 1/ε_B; None where infinite."""
        return None if self.rejection is None else self.rejection * self.relative_error


def auc(signal: F8, background: F8) -> float:
    """Compute the area under the ROC curve: the chance that a signal jet scores higher.

    Ties count one half (the Mann-Whitney statistic).

    >>> auc(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
    0.875
    """
    return float(part_below(signal, background).mean())


def auc_error(signal: F8, background: F8) -> float:
    """Compute the statistical error of the AUC (DeLong et al., Biometrics 44 (1988) 837).

    Each jet's own part in the AUC has a spread, over signal and over background.
    """
    classes = part_below(signal, background), part_below(background, signal)
    return math.hypot(*(mean_and_error(parts)[1] for parts in classes))


def mean_and_error(parts: F8) -> tuple[float, float]:
    """Average what each jet counts, between 0 and 1, (n,); with the standard error.

    It is never 0 because all jets count alike at an end of the range, or because there is but one:
    then it is that of the binomial distribution, with half a jet of one more at the other end.
    """
    n, mean = len(parts), float(parts.mean())
    if n == 1 or mean in (0.0, 1.0):
        likely = (n * mean + 0.5) / (n + 1)
        return mean, math.sqrt(likely * (1 - likely) / n)
    return mean, float(parts.std(ddof=1)) / math.sqrt(n)


def part_below(scores: F8, others: F8) -> F8:
    """Compute for each score the part of the others that is below it, ties counted half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, "left")
    up_to = np.searchsorted(ordered, scores, "right")
    return np.asarray((below + up_to) / (2 * len(others)), dtype=np.float64)


def cut_at(signal: F8, efficiency: float) -> Cut:
    """Find the cut that keeps this part of the signal."""
    thresholds, part = _thresholds(Ordered.of(signal), np.array([efficiency]))
    return Cut(float(thresholds[0]), float(part[0]))


class Ordered(NamedTuple):
    """Scores of a class that rise, and how many jets lie below."""

    scores: F8
    below: I8
    """(n + 1,) each of them; and all jets"""

    @classmethod
    def of(cls, scores: F8) -> Ordered:
        """Sort scores, (n,), each of which is one jet's."""
        return cls(np.sort(scores), np.arange(len(scores) + 1))

    def around(self, thresholds: F8) -> tuple[I8, I8]:
        """Count the jets below thresholds, and those below or on them."""
        left, right = (np.searchsorted(self.scores, thresholds, side) for side in ("left", "right"))
        return self.below[left], self.below[right]


def _thresholds(signal: Ordered, efficiencies: F8) -> tuple[F8, F8]:
    """Find the thresholds (k,) that keep these parts of the signal.

    With the part (k,) that counts of the jets at each: what the efficiency needs of the signal
    there, 1 where it is but one jet.
    """
    n_signal = signal.below[-1]
    wanted = np.maximum(1, np.ceil(efficiencies * n_signal - 1e-9)).astype(np.int64)
    thresholds = signal.scores[np.searchsorted(signal.below, n_signal - wanted, "right") - 1]
    first, last = signal.around(thresholds)
    return thresholds, (wanted - (n_signal - last)) / (last - first)


def background_passing(signal: Ordered, background: Ordered, efficiencies: F8) -> F8:
    """Count the background (k,) that passes the cuts which keep these parts of the signal.

    Of the jets at a threshold as large a part as of the signal: so the ROC curve is straight where
    scores are tied.
    """
    thresholds, part = _thresholds(signal, efficiencies)
    low, high = background.around(thresholds)
    return np.asarray(background.below[-1] - high + part * (high - low), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A cut chosen by a sample of signal, and the cuts that another sample might have chosen."""

    cut: Cut
    tighter: Cut
    looser: Cut
    apart: float
    """What the looser keeps of the signal more than the tighter"""
    error: float
    """Of what the cut keeps of the signal: jets at the threshold, a part of which counts whatever
    the sample, vary less than others"""

    def slope(self, scores: F8) -> float:
        """Say how what passes of other jets changes with the signal's efficiency."""
        passing = self.looser(scores).mean() - self.tighter(scores).mean()
        return float(passing) / self.apart if self.apart else 0.0

    def slope_of_log(self, scores: F8) -> float:
        """Say the same of its logarithm; where none passes, half a jet counts."""
        looser, tighter = (
            max(float(cut(scores).sum()), 0.5) for cut in (self.looser, self.tighter)
        )
        return math.log(looser / tighter) / self.apart if self.apart else 0.0


def chosen_cut(signal: F8, efficiency: float) -> Chosen:
    """Cut on the score at a signal efficiency, and `REACH` standard deviations to either side.

    One jet of the signal at least to either side, if there is one. Of a single jet nothing tells
    how the threshold varies.
    """
    cut = cut_at(signal, efficiency)
    kept, error = mean_and_error(cut(signal))
    one = 1 / len(signal)
    step = max(REACH * error, one)
    tighter, looser = (cut_at(signal, e) for e in (max(kept - step, one), min(kept + step, 1.0)))
    apart = float(looser(signal).mean() - tighter(signal).mean())
    return Chosen(cut, tighter, looser, apart, error)


def working_point(signal: F8, background: F8, efficiency: float) -> WorkingPoint:
    """Cut on the score at a signal efficiency.

    The error of the threshold is that of the signal's efficiency times the slope of the ROC curve
    about it.
    """
    chosen = chosen_cut(signal, efficiency)
    passing = chosen.cut(background)
    mean, error = mean_and_error(passing)
    of_threshold = chosen.error * chosen.slope_of_log(background)
    return WorkingPoint(
        chosen.cut,
        float(passing.sum()),
        len(background),
        math.hypot(error / mean if mean else 0.0, of_threshold),
    )


def background_efficiencies(signal: F8, background: F8, efficiencies: F8) -> F8:
    """Compute ε_B at each of the signal efficiencies: the ROC curve."""
    passing = background_passing(Ordered.of(signal), Ordered.of(background), efficiencies)
    return passing / len(background)
