"""ROC curves and what is read off them, unweighted: every jet counts once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WorkingPoint:
    """What passes a threshold on the score."""

    threshold: float
    n_passing: int
    """Background jets at or above the threshold"""
    n_background: int

    @property
    def background_efficiency(self) -> float:
        """The part of the background that passes, ε_B."""
        return self.n_passing / self.n_background

    @property
    def rejection(self) -> float | None:
        """1/ε_B; None where no background passes, which makes it infinite."""
        return self.n_background / self.n_passing if self.n_passing else None

    @property
    def rejection_error(self) -> float | None:
        """Statistical error of 1/ε_B from the binomial error of ε_B; None where infinite."""
        if self.rejection is None:
            return None
        return self.rejection * math.sqrt((1 - self.background_efficiency) / self.n_passing)


def auc(signal: F8, background: F8) -> float:
    """Compute the area under the ROC curve: the chance that a signal jet scores higher.

    Ties count one half (the Mann-Whitney statistic).

    >>> auc(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
    0.875
    """
    return float(part_below(signal, background).mean())


def auc_error(signal: F8, background: F8) -> float:
    """Compute the statistical error of the AUC (DeLong et al., Biometrics 44 (1988) 837).

    Each jet's own part in the AUC has a spread, over signal and over background; a class of one
    jet adds nothing.
    """
    of_signal, of_background = part_below(signal, background), part_below(background, signal)
    variances = [
        parts.var(ddof=1) / len(parts) for parts in (of_signal, of_background) if len(parts) > 1
    ]
    return math.sqrt(sum(variances))


def part_below(scores: F8, others: F8) -> F8:
    """Compute for each score the part of the others that is below it, ties counted half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, "left")
    up_to = np.searchsorted(ordered, scores, "right")
    return np.asarray((below + up_to) / (2 * len(others)), dtype=np.float64)


def threshold_at(signal: F8, efficiency: float) -> float:
    """Find the highest threshold that at least this part of the signal reaches."""
    n_passing = math.ceil(efficiency * len(signal) - 1e-9)
    return float(np.sort(signal)[len(signal) - max(1, n_passing)])


def working_point(signal: F8, background: F8, efficiency: float) -> WorkingPoint:
    """Cut on the score at a signal efficiency."""
    threshold = threshold_at(signal, efficiency)
    return WorkingPoint(threshold, int((background >= threshold).sum()), len(background))


def background_efficiencies(signal: F8, background: F8, efficiencies: F8) -> F8:
    """Compute ε_B at each of the signal efficiencies: the ROC curve."""
    thresholds = np.array([threshold_at(signal, efficiency) for efficiency in efficiencies])
    ordered = np.sort(background)
    passing = len(ordered) - np.searchsorted(ordered, thresholds, "left")
    return np.asarray(passing / len(ordered), dtype=np.float64)
