"""Pythia accepts, initialises with and is changed by every variation of the catalogue."""

from functools import cache

import pytest

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import hadronization_settings, view_settings
from rs3l_data.describe.variation import known_variation, points
from rs3l_data.simulate.pythia import prepared
from rs3l_data.simulate.rehadronize import Rehadronizer
from rs3l_data.simulate.restore import restored
from tests.data.conftest import make_config

GENERATOR = [name for name in catalogue("variations") if not known_variation(name).detector]
ENERGY = 13000.0
KINDS = ("Flag", "Mode", "Parm", "Word", "PVec")


def all_settings(pythia):
    """Read all settings back, by name."""
    found = {}
    for kind in KINDS:
        names = getattr(pythia.settings, f"get{kind}Map")("")
        read = getattr(pythia.settings, kind.lower())
        found |= {name: read(name) for name in names}
    return found


@cache
def settings_of(tune, view):
    config = make_config(generator={"tune": tune})
    return all_settings(prepared(view_settings(config, "qcd", view)))


def changed(name):
    """List the settings that a variation changes against a view without it."""
    known = known_variation(name)
    # Against another tune where it is the default tune itself.
    tune = known.reference or ("a14" if name == "monash" else "monash")
    ours, theirs = settings_of(tune, name), settings_of(tune, "nominal")
    bookkeeping = ("random:seed", "tune:pp", "tune:ee")
    return {key for key in ours if ours[key] != theirs[key] and key not in bookkeeping}


@pytest.mark.parametrize("name", GENERATOR)
def test_every_variation_takes_effect(name):
    """What Pythia has read is what the entry says, and differs from the nominal settings."""
    known = known_variation(name)
    keys = {line.partition("=")[0].strip().lower() for line in known.settings}
    if known.tune in (None, known.reference) and keys:
        assert changed(name) == keys
    else:
        # Another tune; a published set of parameters repeats values that the tune has already.
        assert changed(name)
        assert len(changed(name) & keys) >= 0.5 * len(keys)


def test_no_two_variations_are_the_same():
    seen = {}
    for name in GENERATOR:
        skip = ("random:seed", "tune:pp")
        read = settings_of("monash", name)
        key = tuple(repr(value) for setting, value in sorted(read.items()) if setting not in skip)
        assert key not in seen, f"{name} and {seen[key]}"
        seen[key] = name


@pytest.mark.parametrize("name", GENERATOR)
def test_every_variation_initialises(config, hard_of, name):
    hard = hard_of("wqq")[:1]
    seeds = shower_seeds(config.seed, "wqq", name, hard.events["event"])
    pythia, _source = restored(view_settings(config, "wqq", name), hard, ENERGY, seeds)
    assert pythia.next()


@pytest.mark.parametrize(
    "name", [name for name in GENERATOR if "hadronization" in points(known_variation(name))]
)
def test_variations_of_the_hadronization_are_accepted_there(name):
    views = {
        "nominal": {},
        "mine": {"redo": "hadronization", "of": "nominal", "variation": name},
    }
    settings = hadronization_settings(make_config(views=views), "qcd", "mine")
    assert set(known_variation(name).settings) <= set(settings)
    Rehadronizer(settings, ENERGY)
