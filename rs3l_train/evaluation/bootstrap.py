"""The background that is left for test jets drawn anew with replacement (bootstrap).

A jet that is drawn three times counts three times, so the scores are sorted once and not for each
of the samples: of 10⁶ jets that would take minutes for each tagger.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rs3l_data.store.tables import I8
from rs3l_train.evaluation.roc import F8, Ordered, background_passing
from rs3l_train.evaluation.scores import Scores

BOOTSTRAP_DRAWS = 200

Draws = Sequence[Scores]
"""Of one way of training, one for each draw of the labelled jets"""


def resampled_logs(draws: Draws, efficiencies: Sequence[float]) -> F8:
    """Compute log 1/ε_B at some signal efficiencies for test jets drawn anew.

    The resampling follows from the numbers of jets alone, so that it is the same for all taggers
    tested on the same jets. Where no background passes, half a jet counts.

    Returns
    -------
    (n_bootstrap, n_draws, n_efficiencies)
    """
    sizes = len(draws[0].signal), len(draws[0].background)
    random = np.random.default_rng(sizes)
    samples = [(_Sample(scores.signal), _Sample(scores.background)) for scores in draws]
    logs = np.empty((BOOTSTRAP_DRAWS, len(draws), len(efficiencies)))
    for b in range(BOOTSTRAP_DRAWS):
        signal, background = (np.bincount(random.integers(n, size=n), minlength=n) for n in sizes)
        for d, (own, others) in enumerate(samples):
            drawn = own.drawn(signal), others.drawn(background)
            passing = background_passing(*drawn, np.array(efficiencies))
            logs[b, d] = np.log(sizes[1] / np.maximum(passing, 0.5))
    return logs


class _Sample:
    """The scores of a class, from which jets are drawn."""

    def __init__(self, scores: F8):
        self._order = np.argsort(scores)
        self._scores = scores[self._order]
        self._below = np.zeros(len(scores) + 1, np.int64)

    def drawn(self, times: I8) -> Ordered:
        """Let each jet count as often as it was drawn, (n,); until the next call."""
        # In place: fresh memory takes several times as long as to fill it.
        after_each = self._below[1:]
        np.take(times, self._order, out=after_each, mode="clip")
        np.cumsum(after_each, out=after_each)
        return Ordered(self._scores, self._below)
