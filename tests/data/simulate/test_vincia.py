"""Vincia is showered with the tune that was made for it, whatever tune the run has."""

import pytest

from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import hadronization_settings, view_settings
from rs3l_data.simulate.pythia import prepared
from rs3l_data.simulate.rehadronize import Rehadronizer
from rs3l_data.simulate.restore import restored
from tests.data.conftest import make_config

TUNED = {
    "StringZ:aLund": 0.45,
    "StringZ:bLund": 0.80,
    "StringPT:sigma": 0.305,
    "MultipartonInteractions:pT0Ref": 2.24,
    "BeamRemnants:primordialKThard": 0.4,
    "ColourReconnection:range": 1.75,
}
"""Of share/Pythia8/tunes/VinciaDefault.cmnd"""
NOT_TUNED = {"MultipartonInteractions:bProfile": 3, "PDF:pSet": "13"}
"""Of Monash, on which it stands"""

VINCIAS = ("vincia", "vincia_global", "vincia_fast")
SOFTER = {"variation": ["StringZ:aLund = 0.88"]}
VIEWS = {
    "nominal": {},
    **{name: {"variation": name} for name in VINCIAS},
    "again": {"redo": "hadronization", "of": "vincia_global"},
    "softer": {"redo": "hadronization", "of": "vincia_global", **SOFTER},
}


def check(pythia, **changed):
    found = {key: pythia.settings.parm(key) for key in TUNED}
    assert found == pytest.approx({**TUNED, **changed})
    for key, value in NOT_TUNED.items():
        read = pythia.settings.word if isinstance(value, str) else pythia.settings.mode
        assert read(key) == value, key


@pytest.mark.parametrize("tune", ["monash", "a14", "cp5", "cp5_cr1"])
@pytest.mark.parametrize("name", VINCIAS)
def test_vincia_has_its_own_tune(tune, name):
    config = make_config(views=VIEWS, generator={"tune": tune})
    check(prepared(view_settings(config, "hbb", name)))


def test_the_tune_is_there_after_the_initialisation(hard_of):
    config = make_config(views=VIEWS, generator={"tune": "cp5"})
    hard = hard_of("hbb")[:1]
    seeds = shower_seeds(config.seed, "hbb", "vincia_global", hard.events["event"])
    pythia, _source = restored(view_settings(config, "hbb", "vincia_global"), hard, 13000.0, seeds)
    check(pythia)


def test_another_hadronisation_has_it_too_and_what_it_varies_wins():
    """The second instance of Pythia reads the same lists, and keeps them when it starts."""
    config = make_config(views=VIEWS, generator={"tune": "a14"})
    for name, changed in (("again", {}), ("softer", {"StringZ:aLund": 0.88})):
        settings = hadronization_settings(config, "hbb", name)
        rehadronizer = Rehadronizer(settings, 13000.0)
        check(rehadronizer.pythia, **changed)


def test_what_is_set_beside_vincia_wins():
    lines = ["PartonShowers:model = 2", "Vincia:tune = 0", "StringZ:aLund = 0.88"]
    config = make_config(views={"mine": {"variation": lines}})
    assert prepared(view_settings(config, "hbb", "mine")).settings.parm("StringZ:aLund") == 0.88
