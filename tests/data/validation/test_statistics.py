"""The tests themselves: against scipy, and uniform p-values where nothing differs."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from rs3l_data.validation.statistics import (
    Sample,
    chi2_test,
    effective_number,
    ks_test,
    share_test,
    weighted_mean,
)


def plain(values):
    return Sample.of(values, np.ones(len(values)), np.arange(len(values)))


def test_ks_is_scipys_without_weights():
    rng = np.random.default_rng(1)
    for shift in (0.0, 0.1, 0.3):
        a, b = rng.normal(0, 1, 400), rng.normal(shift, 1, 600)
        found, expected = ks_test(plain(a), plain(b)), scipy.stats.ks_2samp(a, b)
        assert found.statistic == pytest.approx(expected.statistic)
        assert found.p == pytest.approx(expected.pvalue, rel=0.15)


def test_chi2_is_pearsons_without_weights():
    """Of numbers so few that each has a bin."""
    rng = np.random.default_rng(2)
    a, b = rng.choice(5, 500), rng.choice(5, 300, p=[0.15, 0.2, 0.2, 0.2, 0.25])
    expected = scipy.stats.chi2_contingency([np.bincount(a), np.bincount(b)], correction=False)
    found = chi2_test(plain(a), plain(b))
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.detail["dof"] == expected.dof


def test_whole_weights_are_repeated_values():
    """A value of weight 3 in one event is three equal values in it."""
    rng = np.random.default_rng(3)
    values, weights = rng.normal(0, 1, 300), rng.integers(1, 4, 300)
    once = Sample.of(values, weights, np.arange(300))
    often = Sample.of(
        np.repeat(values, weights), np.ones(weights.sum()), np.repeat(np.arange(300), weights)
    )
    other = plain(rng.normal(0, 1, 200))
    for test in (ks_test, chi2_test):
        a, b = test(once, other), test(often, other)
        assert (a.statistic, a.p) == pytest.approx((b.statistic, b.p))


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), scale=st.floats(1e-3, 1e3), to=st.floats(0.1, 10))
def test_units_and_scale_of_weights_do_not_matter(seed, scale, to):
    rng = np.random.default_rng(seed)
    a = Sample.of(rng.normal(0, 1, 80), rng.exponential(1, 80), np.arange(80) // 2)
    b = Sample.of(rng.normal(0, 1, 60), rng.exponential(1, 60), np.arange(60))
    scaled = Sample(a.values * to, a.weights * scale, a.events, a.n_events)
    moved = Sample(b.values * to, b.weights, b.events, b.n_events)
    for test in (ks_test, chi2_test):
        assert test(scaled, moved).p == pytest.approx(test(a, b).p, rel=1e-6, abs=1e-12)
        assert test(b, a).p == pytest.approx(test(a, b).p, rel=1e-6, abs=1e-12)


def test_effective_number():
    rng = np.random.default_rng(4)
    values, weights = rng.normal(0, 1, 4000), rng.exponential(1, 4000)
    assert effective_number(plain(values)) == pytest.approx(4000, rel=1e-9)
    kish = weights.sum() ** 2 / np.sum(weights**2)
    assert effective_number(Sample.of(values, weights, np.arange(4000))) == pytest.approx(
        kish, rel=0.1
    )
    # Two equal values of an event are worth one.
    twice = Sample.of(np.repeat(values, 2), np.ones(8000), np.repeat(np.arange(4000), 2))
    assert effective_number(twice) == pytest.approx(4000, rel=1e-9)


def pseudo_experiment(rng, n, kind):
    if kind == "plain":
        return plain(rng.exponential(1, n))
    if kind == "whole numbers":
        return plain(rng.poisson(40, n))
    # Two jets of an event that balance each other; falling weights, as of a flattened spectrum.
    common = rng.exponential(1, n)
    values = (np.repeat(common, 2) * rng.normal(1, 0.1, 2 * n)).ravel()
    weights = np.repeat((1 + common) ** -2.0, 2)
    return Sample.of(values, weights, np.repeat(np.arange(n), 2))


@pytest.mark.parametrize("kind", ["plain", "whole numbers", "weighted pairs"])
@pytest.mark.parametrize("test", [ks_test, chi2_test])
def test_p_values_are_uniform_where_nothing_differs(test, kind):
    rng = np.random.default_rng(5)
    p = np.array(
        [
            test(pseudo_experiment(rng, 200, kind), pseudo_experiment(rng, 300, kind)).p
            for _ in range(400)
        ]
    )
    # Too many small ones are what would cry wolf: binomial, three standard deviations.
    assert np.mean(p < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))
    assert np.mean(p < 0.5) < 0.5 + 3 * np.sqrt(0.25 / len(p))
    # KS of whole numbers and of weighted pairs may be too careful, not more than twofold.
    least = 0.05 if (test, kind) == (ks_test, "plain") or test is chi2_test else 0.02
    assert np.mean(p < 0.05) > least - 3 * np.sqrt(least * (1 - least) / len(p))


def test_ks_knows_where_the_large_weights_are():
    """A flattened spectrum has its large weights under the small values, where it is known least.

    An effective number of the mean variance gives 80 of a thousand p-values below 0.05.
    """
    rng = np.random.default_rng(9)

    def flattened(n):
        pt = rng.uniform(400, 1000, n)
        return Sample.of(pt, (pt / 400) ** -6.0, np.arange(n))

    p = np.array([ks_test(flattened(200), flattened(300)).p for _ in range(1000)])
    assert np.mean(p < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))
    assert np.mean(p < 0.05) > 0.02


@pytest.mark.parametrize("test", [ks_test, chi2_test])
def test_a_shift_is_found(test):
    rng = np.random.default_rng(7)
    a, b = rng.normal(0, 1, 1500), rng.normal(0.25, 1, 1500)
    assert test(plain(a), plain(b)).p < 1e-6


def test_share_is_fishers_on_events():
    present = np.array([1.0] * 90 + [0.0] * 10)
    other = np.array([1.0] * 60 + [0.0] * 40)
    found = share_test(plain(present), plain(other))
    assert found.p == pytest.approx(scipy.stats.fisher_exact([[90, 10], [60, 40]]).pvalue)
    assert found.statistic == pytest.approx(0.3)
    whole = share_test(plain(np.ones(50)), plain(np.ones(70)))
    assert whole.p == 1.0


def test_error_of_a_mean_counts_events():
    rng = np.random.default_rng(8)
    values = np.repeat(rng.normal(0, 1, 2000), 2)
    mean, error = weighted_mean(values, np.ones(4000), np.repeat(np.arange(2000), 2))
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(1 / np.sqrt(2000), rel=0.1)


def test_an_empty_sample_is_an_error():
    nothing = Sample.of(np.array([np.nan]), np.ones(1), np.zeros(1))
    assert len(nothing) == 0
    with pytest.raises(ValueError, match="without values"):
        ks_test(nothing, plain(np.ones(3)))


@pytest.mark.parametrize("n", [4, 10, 18])
def test_few_values_have_stephens_correction(n):
    a, b = plain(np.arange(n) + 0.3), plain(np.arange(n) * 1.5)
    found = ks_test(a, b)
    root = np.sqrt(n / 2)
    expected = scipy.stats.kstwobign.sf((root + 0.12 + 0.11 / root) * found.statistic)
    assert found.p == pytest.approx(expected, rel=1e-9)


def test_bins_are_as_many_as_the_smaller_sample_fills():
    rng = np.random.default_rng(7)
    few, many = plain(rng.normal(size=60)), plain(rng.normal(size=50_000))
    counts = {chi2_test(*pair).detail["bins"] for pair in ((few, many), (many, few))}
    assert len(counts) == 1
    assert counts.pop() < chi2_test(many, many).detail["bins"]


def test_an_event_is_complete_if_all_its_jets_are_there():
    """Of five events with two jets one lacks one, and one both."""
    events = np.repeat(np.arange(5), 2)
    values = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1, 1], float)
    some = Sample.of(values, np.ones(10), events)
    whole = Sample.of(np.ones(40), np.ones(40), np.repeat(np.arange(20), 2))
    expected = scipy.stats.fisher_exact([[3, 2], [20, 0]]).pvalue
    assert share_test(some, whole).p == pytest.approx(expected)
