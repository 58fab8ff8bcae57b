"""What is expected of a view: by the catalogue, or nothing at all."""

import pytest

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.variation import known_variation
from rs3l_data.validation import theory
from rs3l_data.validation.theory import ALWAYS, expectations
from tests.data.conftest import make_config


def test_catalogue_says_what_final_state_radiation_does():
    """A smaller renormalisation scale has a larger coupling, so more radiation, so more hadrons."""
    entries = catalogue("variations")
    assert entries["fsr_up"]["expect"]["n_constituents"] == "down"
    assert entries["fsr_down"]["expect"]["n_constituents"] == "up"


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


def test_what_is_told_against_a_tune_holds_for_that_tune_only(monkeypatch):
    known = known_variation("fsr_up").model_copy(update={"reference": "monash"})
    monkeypatch.setattr(theory, "known_variation", lambda _: known)
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
