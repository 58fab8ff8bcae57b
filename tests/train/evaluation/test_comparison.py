from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import norm, t

from rs3l_train.evaluation.bootstrap import resampled_logs
from rs3l_train.evaluation.comparison import _widening, comparisons
from rs3l_train.evaluation.roc import working_point
from rs3l_train.evaluation.scores import Scores


def taggers(separations, n_draws=4, n=3000, seed=1, own=0.1):
    """Scores of the same jets by several taggers: a common part, and what each adds."""
    random = np.random.default_rng(seed)
    common = random.normal(size=n), random.normal(size=4 * n)
    return {
        key: [
            Scores(
                separation + common[0] + own * random.normal(size=n),
                common[1] + own * random.normal(size=4 * n),
            )
            for _ in range(n_draws)
        ]
        for key, separation in separations.items()
    }


def find(table, **keys):
    (entry,) = (e for e in table if all(e[key] == value for key, value in keys.items()))
    return entry


def test_every_pair_with_as_many_labels_or_more_is_compared():
    made = taggers({(m, k): 1.0 for m in ("probe", "scratch") for k in (100, 1000)}, 2, 200)
    table = comparisons(made, [0.3, 0.5])
    keys = [(e["labels"], e["against_labels"], e["signal_efficiency"]) for e in table]
    assert keys == [
        (a, b, e) for a, b in ((100, 100), (100, 1000), (1000, 1000)) for e in (0.3, 0.5)
    ]
    json.dumps(table, allow_nan=False)


def test_verdicts_and_ratios():
    made = taggers({("probe", 100): 2.0, ("full", 100): 1.5, ("scratch", 1000): 1.5})
    table = comparisons(made, [0.5])
    better, same = find(table, mode="probe"), find(table, mode="full")
    assert better["verdict"] == "higher"
    assert same["verdict"] == "equal within errors"
    assert same["ratio"] == pytest.approx(1, abs=3 * same["ratio_error"])
    draws = made["probe", 100]
    own = [working_point(s.signal, s.background, 0.5).rejection for s in draws]
    assert better["rejection"] == own
    assert better["rejection_mean"] == pytest.approx(np.mean(own))
    assert better["rejection_std"] == pytest.approx(np.std(own, ddof=1))
    ratios = np.array(own) / np.array(better["against_rejection"])
    assert better["ratio"] == pytest.approx(math.exp(np.log(ratios).mean()))
    assert better["ratio_error"] == pytest.approx(
        math.hypot(better["ratio_error_draws"], better["ratio_error_test"])
    )
    swapped = {("probe", 100): made["scratch", 1000], ("scratch", 1000): made["probe", 100]}
    assert comparisons(swapped, [0.5])[0]["verdict"] == "lower"


def test_the_bootstrap_error_of_a_ratio_is_the_spread_of_test_samples():
    pairs = {("probe", 100): 1.3, ("scratch", 100): 1.2}
    tables = [comparisons(taggers(pairs, 1, 1500, seed, 0.4), [0.5])[0] for seed in range(80)]
    spread = np.std([math.log(table["ratio"]) for table in tables])
    claimed = np.mean([table["ratio_error_test"] / table["ratio"] for table in tables])
    assert claimed == pytest.approx(spread, rel=0.3)
    # Jets that both taggers see count less than for one tagger alone.
    alone = np.std([math.log(table["rejection_mean"]) for table in tables])
    assert claimed < 0.9 * alone


def test_few_draws_know_their_spread_badly():
    """Between equals, one verdict in 22 is wrong, however few the draws."""
    pairs = {("probe", 100): 1.0, ("scratch", 100): 1.0}
    for n_draws in (2, 4):
        found = [
            comparisons(taggers(pairs, n_draws, 400, seed, 0.6), [0.5])[0]["verdict"]
            for seed in range(150)
        ]
        wrong = sum(verdict != "equal within errors" for verdict in found)
        assert wrong <= 14  # 7 expected, of a Poisson distribution within 2.5 standard deviations


def test_one_draw_decides_nothing():
    (entry,) = comparisons(taggers({("probe", 9): 3.0, ("scratch", 9): 1.0}, 1, 500), [0.5])
    assert entry["verdict"] == "undefined"
    assert entry["ratio"] > 2
    assert entry["ratio_error"] == entry["ratio_error_test"]


def test_where_no_background_passes_nothing_is_said():
    perfect = Scores(np.ones(50), np.zeros(50))
    poor = Scores(np.ones(50), np.r_[np.ones(10), np.zeros(40)])
    table = comparisons({("probe", 10): [perfect], ("scratch", 10): [poor]}, [0.5])
    assert table[0]["verdict"] == "undefined"
    assert table[0]["rejection"] == [None]
    assert table[0]["rejection_mean"] is None
    assert table[0]["against_rejection_mean"] == 10
    assert table[0]["ratio"] is None


@pytest.mark.parametrize(("own", "any_shared"), [(0.3, True), (1.0, False)])
def test_the_test_sample_s_error_is_of_the_mean_over_the_draws(own, any_shared):
    """What the draws share may come out below 0 by chance, and is 0 then."""
    made = taggers({("probe", 9): 1.5, ("scratch", 9): 1.0}, 3, 300, own=own)
    (entry,) = comparisons(made, [0.5])
    logs = [resampled_logs(draws, [0.5])[:, :, 0] for draws in made.values()]
    # What moves one draw against another is in their spread.
    covariance = np.cov((logs[0] - logs[1]).T)
    shared = covariance[~np.eye(3, dtype=bool)].mean()
    assert (shared > 0) == any_shared
    assert entry["ratio_error_test"] / entry["ratio"] == pytest.approx(math.sqrt(max(0, shared)))


def test_the_error_of_a_ratio_is_the_spread_of_repeated_studies():
    pairs = {("probe", 9): 1.3, ("scratch", 9): 1.2}
    for own in (0.2, 0.8):
        tables = [comparisons(taggers(pairs, 5, 1000, s, own), [0.5])[0] for s in range(60)]
        spread = np.std([math.log(table["ratio"]) for table in tables])
        claimed = np.mean([table["ratio_error"] / table["ratio"] for table in tables])
        assert claimed == pytest.approx(spread, rel=0.25)


@pytest.mark.parametrize("n_draws", [2, 3, 5, 50])
def test_few_draws_reach_as_much_further_as_students_t(n_draws):
    """Two standard deviations of a normal distribution, with one degree of freedom fewer."""
    reach = _widening(n_draws) * 2
    assert t.cdf(reach, n_draws - 1) == pytest.approx(norm.cdf(2))
