import pytest

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.config import Config
from rs3l_data.describe.settings import hard_settings, view_settings
from rs3l_data.describe.strict import validate
from rs3l_data.simulate.pythia import prepared


def config(**blocks):
    everything = {
        "name": "a",
        "seed": 1,
        "processes": {name: {"events": 1} for name in catalogue("processes")},
        "views": {name: {"variation": name} for name in catalogue("variations")},
    }
    return validate(Config, {**everything, **blocks}, "test")


@pytest.mark.parametrize("process", catalogue("processes"))
def test_pythia_accepts_every_process(process):
    prepared(hard_settings(config(), process))


@pytest.mark.parametrize("view", catalogue("variations"))
def test_pythia_accepts_every_variation(view):
    prepared(view_settings(config(), view))


@pytest.mark.parametrize("kind", ["tunes", "variations"])
def test_every_entry_says_where_it_comes_from(kind):
    assert all(entry["source"] for entry in catalogue(kind).values())


def test_a_tune_is_read_before_what_it_would_overwrite():
    lines = view_settings(config(generator={"tune": "a14"}), "fsr_up")
    assert lines.index("Tune:pp = 21") < lines.index("TimeShower:renormMultFac = 4")
    assert prepared(lines).settings.parm("TimeShower:renormMultFac") == 4


def test_a_variation_with_a_tune_replaces_the_tune():
    lines = view_settings(config(generator={"tune": "a14"}), "cp5")
    assert "Tune:pp = 21" not in lines
    assert prepared(lines).settings.word("PDF:pSet") == "20"


def test_inline_settings_come_last():
    views = {"mine": {"variation": ["HadronLevel:all = off"]}}
    assert view_settings(config(views=views), "mine")[-1] == "HadronLevel:all = off"


def test_flattening_only_on_request():
    assert not any("bias2" in line for line in hard_settings(config(), "qcd"))
    lines = hard_settings(config(hard={"flatten_pt": True}), "qcd")
    assert "PhaseSpace:bias2SelectionPow = 6.0" in lines
