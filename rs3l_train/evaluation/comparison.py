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

from rs3l_train.evaluation.roc import F8, working_point
from rs3l_train.evaluation.tagging import Scores

BOOTSTRAP_DRAWS = 200
SIGNIFICANT = 2.0

Draws = Sequence[Scores]
"""Of one way of training, one for each draw of the labelled jets"""


def comparisons(
    taggers: Mapping[tuple[str, int], Draws],
    efficiencies: Sequence[float],
    against: str = "scratch",
) -> list[dict[str, Any]]:
    """Compare each way of training with the one ``against``, at as many labels or fewer.

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
            **{"mode": mode, "labels": labels, "against": against, "against_labels": others},
            "signal_efficiency": efficiency,
            **compare(
                draws,
                taggers[against, others],
                efficiency,
                resampled[mode, labels][:, :, e] - resampled[against, others][:, :, e],
            ),
        }
        for (mode, labels), draws in taggers.items()
        for (other_mode, others) in taggers
        if mode != against and other_mode == against and labels <= others
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
        of `ratio_error_draws` and `ratio_error_test`; `verdict`: `higher`, `equal within errors`,
        `lower` (more than two errors from 1 or not), or `undefined` where in a draw no background
        passes. With one draw the error is that of the test sample alone.
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
    of_draws = float(logs.std(ddof=1) / math.sqrt(len(logs))) if len(logs) > 1 else 0.0
    of_test = float(resampled.mean(1).std(ddof=1))
    error = math.hypot(of_draws, of_test)
    ratio = math.exp(mean)
    return {
        **table,
        "ratio": ratio,
        "ratio_error": ratio * error,
        "ratio_error_draws": ratio * of_draws,
        "ratio_error_test": ratio * of_test,
        "verdict": _verdict(mean, error),
    }


_RATIO_KEYS = ("ratio", "ratio_error", "ratio_error_draws", "ratio_error_test")


def resampled_logs(draws: Draws, efficiencies: Sequence[float]) -> F8:
    """Compute log 1/ε_B for test jets drawn anew with replacement (bootstrap).

    The resampling follows from the numbers of jets alone, so that it is the same for all taggers
    tested on the same jets. Where no background passes, half a jet counts.

    Returns
    -------
    (n_bootstrap, n_draws, n_efficiencies)
    """
    n_signal, n_background = len(draws[0].signal), len(draws[0].background)
    random = np.random.default_rng([n_signal, n_background])
    logs = np.empty((BOOTSTRAP_DRAWS, len(draws), len(efficiencies)))
    for b in range(BOOTSTRAP_DRAWS):
        signal = random.integers(n_signal, size=n_signal)
        background = random.integers(n_background, size=n_background)
        for d, scores in enumerate(draws):
            own = np.sort(scores.signal[signal])
            others = scores.background[background]
            for e, efficiency in enumerate(efficiencies):
                passing = max(working_point(own, others, efficiency).n_passing, 0.5)
                logs[b, d, e] = math.log(n_background / passing)
    return logs


def _rejections(draws: Draws, efficiency: float) -> list[float | None]:
    return [working_point(s.signal, s.background, efficiency).rejection for s in draws]


def _described(name: str, values: list[float | None]) -> dict[str, Any]:
    finite = [value for value in values if value is not None]
    whole = len(finite) == len(values)
    return {
        name: values,
        f"{name}_mean": float(np.mean(finite)) if whole else None,
        f"{name}_std": float(np.std(finite, ddof=1)) if whole and len(finite) > 1 else None,
    }


def _verdict(mean: float, error: float) -> str:
    if abs(mean) <= SIGNIFICANT * error:
        return "equal within errors"
    return "higher" if mean > 0 else "lower"
