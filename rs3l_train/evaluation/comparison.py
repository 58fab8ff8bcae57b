"""Whether one way of training rejects more background than another, and how sure that is.

Two errors count: the draws of the labelled jets, and the test sample. The taggers are tested on the
same jets and the draws of one seed are nested, so the ratio of two rejections is known better than
either of them; both errors are taken of the logarithm of that ratio.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import norm, t

from rs3l_train.evaluation.bootstrap import Draws, resampled_logs
from rs3l_train.evaluation.roc import F8, working_point

SIGNIFICANT = 2.0
SCRATCH = "scratch"


def comparisons(
    taggers: Mapping[tuple[str, int], Draws], efficiencies: Sequence[float]
) -> list[dict[str, Any]]:
    """Compare each way of training with `scratch` on as many labels or more.

    Parameters
    ----------
    taggers
        By mode and number of labels, all tested on the same jets in the same order.

    Returns
    -------
    list
        See `compare`, with `mode`, `labels`, `against`, `against_labels`, `signal_efficiency`.
    """
    resampled = {key: resampled_logs(draws, efficiencies) for key, draws in taggers.items()}
    return [
        {
            **{"mode": mode, "labels": labels, "against": SCRATCH, "against_labels": others},
            "signal_efficiency": efficiency,
            **compare(
                draws,
                taggers[SCRATCH, others],
                efficiency,
                resampled[mode, labels][:, :, e] - resampled[SCRATCH, others][:, :, e],
            ),
        }
        for (mode, labels), draws in taggers.items()
        for (other_mode, others) in taggers
        if mode != SCRATCH and other_mode == SCRATCH and labels <= others
        for e, efficiency in enumerate(efficiencies)
    ]


def compare(first: Draws, second: Draws, efficiency: float, resampled: F8) -> dict[str, Any]:
    """Compare the rejections 1/ε_B of two ways of training, draw by draw.

    Parameters
    ----------
    resampled
        (n_bootstrap, n_draws) log of their ratio for resampled test jets.

    Returns
    -------
    dict
        `rejection` and `against_rejection` of each draw, their means and standard deviations;
        `ratio`, the geometric mean over the draws of the ratio of the two; `ratio_error`, composed
        of `ratio_error_draws` and `ratio_error_test`, of the test sample as far as it moves all
        draws together (how it moves one against another is in their spread); `verdict`: `higher`,
        `equal within errors`, `lower` (from 1 by more than two errors or not, that of few draws by
        Student's t as much wider as it is uncertain), or `undefined` where in a draw no background
        passes, or where there is one draw: then the error is that of the test sample alone.
    """
    own, other = _rejections(first, efficiency), _rejections(second, efficiency)
    table: dict[str, Any] = {
        **_described("rejection", own),
        **_described("against_rejection", other),
    }
    if None in own or None in other:
        return {**table, **dict.fromkeys(_RATIO_KEYS), "verdict": "undefined"}
    logs = np.log(np.array(own, np.float64)) - np.log(np.array(other, np.float64))
    mean = float(logs.mean())
    n = len(logs)
    of_draws = float(logs.std(ddof=1) / math.sqrt(n)) if n > 1 else 0.0
    of_test = _error_shared(resampled)
    ratio = math.exp(mean)
    allowed = math.hypot(_widening(n) * of_draws, of_test) if n > 1 else None
    return {
        **table,
        "ratio": ratio,
        "ratio_error": ratio * math.hypot(of_draws, of_test),
        "ratio_error_draws": ratio * of_draws,
        "ratio_error_test": ratio * of_test,
        "verdict": "undefined" if allowed is None else _verdict(mean, allowed),
    }


_RATIO_KEYS = ("ratio", "ratio_error", "ratio_error_draws", "ratio_error_test")


def _error_shared(resampled: F8) -> float:
    """Compute the error that the draws share, from their logs (n_bootstrap, n_draws)."""
    variance = resampled.mean(1).var(ddof=1)
    n = resampled.shape[1]
    if n > 1:
        own = resampled - resampled.mean(1, keepdims=True)
        variance -= own.var(0, ddof=1).sum() / (n * (n - 1))
    return math.sqrt(max(0.0, float(variance)))


def _rejections(draws: Draws, efficiency: float) -> list[float | None]:
    return [working_point(s.signal, s.background, efficiency).rejection for s in draws]


def _described(name: str, values: list[float | None]) -> dict[str, Any]:
    mean, spread = mean_and_spread(values)
    return {name: values, f"{name}_mean": mean, f"{name}_std": spread}


def mean_and_spread(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Mean and standard deviation over draws; None where one of them is, or there is but one."""
    finite = [value for value in values if value is not None]
    if len(finite) < len(values):
        return None, None
    spread = float(np.std(finite, ddof=1)) if len(finite) > 1 else None
    return float(np.mean(finite)), spread


def _widening(n_draws: int) -> float:
    """How much further two errors reach if the error comes from the spread of so few draws."""
    return float(t.ppf(norm.cdf(SIGNIFICANT), n_draws - 1)) / SIGNIFICANT


def _verdict(mean: float, error: float) -> str:
    if abs(mean) <= SIGNIFICANT * error:
        return "equal within errors"
    return "higher" if mean > 0 else "lower"
