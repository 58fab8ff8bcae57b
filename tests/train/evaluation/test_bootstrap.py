"""Test jets drawn anew: as if the drawn jets' scores had been put together."""

import numpy as np
import pytest

from rs3l_train.evaluation.bootstrap import BOOTSTRAP_DRAWS, resampled_logs
from rs3l_train.evaluation.roc import Ordered, background_passing
from rs3l_train.evaluation.scores import Scores

EFFICIENCIES = (0.02, 0.5, 1.0)


def scores(decimals=9, seed=1):
    random = np.random.default_rng(seed)
    signal, background = random.normal(1, 1, 50), random.normal(0, 1, 200)
    return Scores(np.round(signal, decimals), np.round(background, decimals))


@pytest.mark.parametrize("decimals", [9, 1, 0], ids=["distinct", "some tied", "many tied"])
def test_the_background_is_that_of_the_drawn_jets_themselves(decimals):
    own = scores(decimals)
    logs = resampled_logs([scores(seed=2), own], EFFICIENCIES)[:, 1]
    random = np.random.default_rng((50, 200))
    expected = []
    for _ in range(BOOTSTRAP_DRAWS):
        signal, background = (random.integers(n, size=n) for n in (50, 200))
        drawn = Ordered.of(own.signal[signal]), Ordered.of(own.background[background])
        passing = background_passing(*drawn, np.array(EFFICIENCIES))
        expected.append(np.log(200 / np.maximum(passing, 0.5)))
    np.testing.assert_array_equal(logs, expected)


def test_resampling_is_the_same_for_all_taggers_of_the_same_jets():
    twice = resampled_logs([scores(), scores()], [0.5])
    np.testing.assert_array_equal(twice[:, 0], twice[:, 1])
    np.testing.assert_array_equal(twice[:, :1], resampled_logs([scores()], [0.5]))
