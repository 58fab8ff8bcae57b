"""Paired changes: their size, their error, and how they fit what is expected."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.schema import JETS
from rs3l_data.validation.variations import (
    ALWAYS,
    PEAK,
    Change,
    Pair,
    expectations,
    jackknife,
    peak_position,
)
from tests.data.conftest import make_config


def change(expected, shift, error=0.1, reference=40.0):
    return Change(
        "v", "nominal", "qcd", "n_constituents", reference, shift, error, 100, 99, expected, 0.02
    )


@pytest.mark.parametrize(
    ("expected", "shift", "finding", "fails"),
    [
        ("up", 2.0, "seen", False),
        ("up", 0.1, "too few events to tell", False),
        ("up", -2.0, "contradicted", True),
        ("down", -2.0, "seen", False),
        ("down", 2.0, "contradicted", True),
        ("same", 0.7, "compatible", False),
        ("same", 2.0, "shifted", True),
        ("same", -2.0, "shifted", True),
        ("nothing", 0.2, "compatible", False),
        ("nothing", 0.7, "shifted", True),
        (None, 5.0, "no expectation", False),
    ],
)
def test_findings(expected, shift, finding, fails):
    found = change(expected, shift)
    assert found.finding == finding
    if expected is not None:
        assert (found.p < 1e-6) == fails


def test_catalogue_says_what_final_state_radiation_does():
    """A smaller renormalisation scale has a larger coupling, so more radiation, so more hadrons."""
    entries = catalogue("variations")
    assert entries["fsr_up"]["expect"]["n_constituents"] == "down"
    assert entries["fsr_down"]["expect"]["n_constituents"] == "up"
    columns = {column.name for column in JETS} | {"tau21"}
    for name, one in entries.items():
        for quantity, direction in one.get("expect", {}).items():
            assert quantity in columns, name
            assert direction in ("up", "down", "same"), name


def test_expectations():
    views = {
        "nominal": {},
        "seed": {},
        "fsr_up": {"variation": "fsr_up"},
        "mine": {"variation": ["StringFlav:probStoUD = 0.3"]},
        "again": {"redo": "hadronization", "of": "fsr_up"},
        "scaled": {"redo": "detector", "of": "nominal", "detector": {"ecal_scale": 1.05}},
        "both": {"variation": "fsr_up", "detector": {"ecal_scale": 1.05}},
        "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 40}},
    }
    config = make_config(views=views)
    nothing = dict.fromkeys(ALWAYS, "nothing")
    assert expectations(config, "seed", "nominal") == nothing
    assert expectations(config, "again", "fsr_up") == nothing
    expected = expectations(config, "fsr_up", "nominal")
    assert expected["n_constituents"] == "down"
    assert expected["softdrop_mass"] == "same"
    for view in ("mine", "scaled", "both", "crowded"):
        assert expectations(config, view, "nominal") == {}
    # Against a base with a tune of its own, one more shower differs in that tune, too.
    other = make_config(
        views={"tuned": {"variation": "a14"}, "seed": {}, "fsr_up": views["fsr_up"]}
    )
    assert expectations(other, "seed", "tuned") == {}
    assert expectations(other, "fsr_up", "tuned") == {}


def test_nothing_is_expected_between_our_shower_and_another_programs():
    views = {
        "nominal": {},
        "herwig": {"hepmc": "{process}.hepmc"},
        "sherpa": {"hepmc": "{process}-sherpa.hepmc"},
        "resmeared": {"redo": "detector", "of": "herwig"},
        "fsr_up": {"variation": "fsr_up"},
    }
    config = make_config(views=views)
    for pair in (("herwig", "nominal"), ("sherpa", "herwig"), ("nominal", "herwig")):
        assert expectations(config, *pair) == {}
    assert expectations(config, "fsr_up", "herwig") == {}
    # Both have Herwig's particles: the detector's random numbers are all that differs.
    assert expectations(config, "resmeared", "herwig") == dict.fromkeys(ALWAYS, "nothing")


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


def test_the_tails_are_those_of_an_error_that_is_an_estimate():
    """Of 25 groups: five of such errors are no rarity of one in a million."""
    found = Change("v", "n", "hbb", "softdrop_mass", 125.0, 5.0, 1.0, 99, 24, "nothing", 0.02)
    assert found.p == pytest.approx(2 * student.sf(5, 24))
    assert found.p > 50 * 2 * norm.sf(5)


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


def test_what_is_told_against_a_tune_holds_for_that_tune_only(monkeypatch):
    known = catalogue("variations")["fsr_up"]
    monkeypatch.setitem(catalogue("variations"), "fsr_up", {**known, "reference": "monash"})
    views = {"nominal": {}, "fsr_up": {"variation": "fsr_up"}}
    assert expectations(make_config(views=views), "fsr_up", "nominal")["n_constituents"] == "down"
    other = make_config(views=views, generator={"tune": "a14"})
    assert expectations(other, "fsr_up", "nominal") == {}


@pytest.mark.parametrize("root", ["vincia_global", "cp5_cr1"])
def test_a_step_away_from_monash_says_nothing_of_a_shower_that_hadronises_otherwise(root):
    """Vincia's tune has a = 0.45: `lund_a_down`, which sets 0.48, is a step up from there."""
    views = {
        "nominal": {},
        "other": {"variation": root},
        "lund": {"redo": "hadronization", "of": "nominal", "variation": "lund_a_down"},
        "other_lund": {"redo": "hadronization", "of": "other", "variation": "lund_a_down"},
        "worse": {"redo": "detector", "of": "other", "variation": "ecal_scale_up"},
    }
    config = make_config(views=views)
    assert expectations(config, "lund", "nominal")["n_constituents"] == "down"
    assert expectations(config, "other_lund", "other") == {}
    assert expectations(config, "worse", "other")["pt"] == "up"
