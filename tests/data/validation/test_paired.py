"""Paired changes: their size and their error."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from rs3l_data.validation.paired import PEAK, Pair, jackknife, peak_position
from rs3l_data.validation.variations import Change


def peaked(rng, n, position, tail):
    """A peak of width 8 % with a tail to small masses."""
    inside = rng.normal(position, 0.08 * position, n)
    return np.where(rng.random(n) < tail, rng.uniform(0, 0.9 * position, n), inside)


def test_the_peak_is_found_whatever_the_tail():
    rng = np.random.default_rng(1)
    for tail in (0.0, 0.2):
        mass = peaked(rng, 40_000, 80.0, tail)
        assert peak_position(mass, np.ones(len(mass)), 75.0) == pytest.approx(80.0, rel=0.006)
    # The mean would move by a tenth.
    assert mass.mean() < 74


def test_jackknife_of_a_mean_is_its_error():
    rng = np.random.default_rng(2)
    values = np.repeat(rng.normal(0, 1, 5000), 2)
    events = np.repeat(np.arange(5000), 2)
    errors = jackknife(lambda chosen: float(values[chosen].mean()), events)
    assert errors == pytest.approx(1 / np.sqrt(5000), rel=0.35)


def pair(rng, n, n_shift=0.0, mass_scale=1.0):
    """Jets of n events in two views, whose fluctuations they share in part."""
    common = rng.normal(0, 6, n)
    base, view = (40 + common + rng.normal(0, 3, n) for _ in range(2))
    masses = peaked(rng, n, 125.0, 0.1)
    smear = rng.normal(1, 0.02, n)

    def table(constituents, mass):
        return {
            "n_constituents": np.rint(constituents),
            "softdrop_mass": mass,
            "contained": np.ones(n, bool),
            "pt": np.full(n, 500.0),
            "initiator_pt": np.full(n, 510.0),
        }

    return Pair(
        table(view + n_shift, masses * mass_scale * smear),
        table(base, masses),
        np.ones(n),
        np.arange(n),
        np.full(n, 125.0),
    )


def test_shifts_are_found_with_the_right_error():
    rng = np.random.default_rng(3)
    reference, shift, error, n, _ = pair(rng, 4000, n_shift=1.0).measure("n_constituents")
    assert reference == pytest.approx(40, abs=0.5)
    # Fluctuations that both share drop out: 3 √2, not 6.7 √2.
    assert error == pytest.approx(3 * np.sqrt(2) / np.sqrt(n), rel=0.05)
    assert shift == pytest.approx(1.0, abs=4 * error)


def test_a_mass_scale_of_three_percent_moves_the_peak():
    rng = np.random.default_rng(4)
    for scale in (1.0, 1.03):
        reference, shift, error, n, freedom = pair(rng, 4000, mass_scale=scale).measure(
            "softdrop_mass"
        )
        found = Change(
            *("v", "n", "hbb", "softdrop_mass", reference, shift, error, n, freedom), "same", 0.02
        )
        assert shift / reference == pytest.approx(scale - 1, abs=4 * error / reference)
        assert error / reference < 0.003
        assert found.finding == ("compatible" if scale == 1.0 else "shifted")


def test_pulls_of_the_paired_peak_are_normal():
    rng = np.random.default_rng(5)
    pulls = []
    for _ in range(60):
        _, shift, error, _, freedom = pair(rng, 600).measure("softdrop_mass")
        pulls.append(shift / error)
        assert freedom == 24, "of 25 groups"
    assert abs(np.mean(pulls)) < 4 / np.sqrt(60)
    assert 0.7 < np.std(pulls) < 1.35


def test_the_response_is_the_jets_momentum_over_its_initiators():
    reference, *_ = pair(np.random.default_rng(3), 100).measure("pt")
    assert reference == pytest.approx(500 / 510)


def test_freedoms_are_those_of_events():
    """With two jets each, whose shifts may have a cause in common."""
    both = pair(np.random.default_rng(3), 100)
    both = replace(both, events=both.events // 2)
    assert both.measure("n_constituents")[3:] == (100, pytest.approx(49))


def test_freedoms_know_no_sign():
    """Weights of a calculation at next-to-leading order, of which one in three is negative."""
    signed = replace(pair(np.random.default_rng(3), 99), weights=np.tile([1.0, -1.0, 1.0], 33))
    assert signed.measure("n_constituents")[4] == pytest.approx(98)


def test_without_weights_the_test_is_students():
    one = pair(np.random.default_rng(9), 20, n_shift=1.0)
    measured = one.measure("n_constituents")
    shifts = one.view["n_constituents"] - one.base["n_constituents"]
    found = Change("v", "n", "qcd", "n_constituents", *measured, "nothing", 0.02).p
    assert found == pytest.approx(ttest_1samp(shifts, 0).pvalue)


def test_p_values_of_paired_means_are_uniform_whatever_the_weights():
    """With as many freedoms as events, 19 of a thousand would be below 0.01."""
    rng = np.random.default_rng(6)
    p = []
    for _ in range(2000):
        weights = rng.uniform(400, 1000, 100) ** -6.0
        one = replace(pair(rng, 100), weights=weights / weights.max())
        measured = one.measure("n_constituents")
        p.append(Change("v", "n", "qcd", "n_constituents", *measured, "nothing", 0.02).p)
    assert np.mean(np.array(p) < 0.01) < 0.01 + 3 * np.sqrt(0.01 * 0.99 / len(p))


@pytest.mark.parametrize("side", ["view", "base"])
def test_the_peak_is_that_of_jets_contained_in_both_views(side):
    both = pair(np.random.default_rng(4), 2000)
    expected = replace(
        both,
        **{
            each: {name: column[500:] for name, column in getattr(both, each).items()}
            for each in ("view", "base")
        },
        weights=both.weights[500:],
        events=both.events[500:],
        masses=both.masses[500:],
    )
    table = dict(getattr(both, side))
    table["contained"] = np.arange(2000) >= 500
    table["softdrop_mass"] = np.where(table["contained"], table["softdrop_mass"], 115.0)
    found = replace(both, **{side: table}).measure(PEAK)
    assert found[:2] == pytest.approx(expected.measure(PEAK)[:2])


def test_too_few_jets_are_not_measured():
    assert pair(np.random.default_rng(6), 10).measure("n_constituents") is None
    assert pair(np.random.default_rng(6), 30).measure("softdrop_mass") is None
