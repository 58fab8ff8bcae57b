import pytest

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.config import Config
from rs3l_data.describe.owned import check_not_owned
from rs3l_data.describe.settings import (
    hadronization_settings,
    hard_settings,
    onepass_settings,
    pthat_is_cut_like_pt,
    view_settings,
)
from rs3l_data.describe.strict import validate
from rs3l_data.errors import ConfigError
from rs3l_data.simulate.pythia import prepared


def config(**blocks):
    everything = {
        "name": "a",
        "seed": 1,
        "processes": {name: {"events": 1} for name in catalogue("processes")},
        "views": {name: {"variation": name} for name in catalogue("variations")},
    }
    return validate(Config, {**everything, **blocks}, "test")


@pytest.mark.parametrize("kind", ["tunes", "variations"])
def test_every_entry_says_where_it_comes_from(kind):
    assert all(entry["source"] for entry in catalogue(kind).values())


@pytest.mark.parametrize("kind", ["processes", "tunes", "variations"])
def test_no_entry_of_the_catalogue_sets_what_the_package_sets_itself(kind):
    for name, entry in catalogue(kind).items():
        check_not_owned(entry.get("settings", ()), name)


def test_a_tune_is_read_before_what_it_would_overwrite():
    lines = view_settings(config(generator={"tune": "a14"}), "qcd", "fsr_up")
    assert lines.index("Tune:pp = 21") < lines.index("TimeShower:renormMultFac = 4")
    assert prepared(lines).settings.parm("TimeShower:renormMultFac") == 4


def test_a_tune_that_undoes_or_is_undone_is_refused():
    views = {"nominal": {}, "a14": {"variation": "a14"}}
    with pytest.raises(ConfigError, match=r"'Tune:pp = 18' is read after .* 'a14' of .* 'a14'"):
        config(generator={"settings": ["Tune:pp = 18"]}, views=views)
    config(generator={"settings": ["Tune:pp = 18"]}, views={"nominal": {}, "seed": {}})
    own = ["StringZ:aLund = 0.6"]
    mine = {"mine": {"variation": ["tune:pp = 18"]}}
    with pytest.raises(ConfigError, match=r"views\.mine\.variation: 'tune:pp = 18' would undo"):
        config(generator={"settings": own}, views=mine)
    config(views=mine)
    config(generator={"settings": own}, views={"mine": {"variation": ["Tune:pp = 18", *own]}})
    late = ["Tune:ee = 7", *own, " tune::pp = 18"]
    assert prepared(late).settings.parm("StringZ:aLund") != 0.6
    with pytest.raises(ConfigError, match=r"generator\.settings: ' tune::pp = 18' would undo what"):
        config(generator={"settings": late}, views={"nominal": {}})
    with pytest.raises(ConfigError, match=r"views\.mine\.variation: ' tune::pp = 18' would undo"):
        config(views={"mine": {"variation": late}})
    config(views={"mine": {"variation": ["Tune:pp = 18", "Tune:ee = 7", *own]}})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["PhaseSpace:pTHatMin = 0.", "PhaseSpace:pTHatMax = -1."], False),
        (["phasespace::pthatmin = 0.", "PhaseSpace:pTHatMax = -1."], False),
        (["PhaseSpace:pTHatMin = 0."], True),
        (["PhaseSpace:pTHatMax = -1.", "PhaseSpace:pTHatMinDiverge = 1."], True),
        ([], True),
    ],
)
def test_pthat_is_free_where_both_limits_are_said(settings, expected):
    own = {"events": 1, "settings": settings, "initiators": [6], "label": "top"}
    assert pthat_is_cut_like_pt(config(processes={"mine": own}), "mine") == expected


def test_a_variation_with_a_tune_replaces_the_tune():
    lines = view_settings(config(generator={"tune": "a14"}), "qcd", "cp5")
    assert "Tune:pp = 21" not in lines
    assert prepared(lines).settings.word("PDF:pSet") == "20"


@pytest.mark.parametrize("tune", ["cp5", "cp5_up", "cp5_down", "cp5_cr1", "cp5_cr2"])
def test_the_tunes_of_cms_have_its_cross_sections_of_13_tev(tune):
    run = config(generator={"tune": tune}, views={"nominal": {}})
    settings = prepared(view_settings(run, "qcd", "nominal")).settings
    assert settings.mode("SigmaTotal:mode") == 0
    assert settings.parm("SigmaTotal:sigmaTot") == 100.309
    assert settings.parm("SigmaTotal:sigmaEl") == 21.89
    run = run.model_copy(
        update={
            "generator": run.generator.model_copy(update={"settings": ("SigmaTotal:mode = 1",)})
        }
    )
    assert prepared(view_settings(run, "qcd", "nominal")).settings.mode("SigmaTotal:mode") == 1


def test_inline_settings_come_last():
    views = {"mine": {"variation": ["HadronLevel:QED = on"]}}
    assert view_settings(config(views=views), "qcd", "mine")[-1] == "HadronLevel:QED = on"


def test_flattening_only_on_request():
    assert not any("bias2" in line for line in hard_settings(config(), "qcd"))
    lines = hard_settings(config(hard={"flatten_pt": True}), "qcd")
    assert "PhaseSpace:bias2SelectionPow = 6.0" in lines
    processes = {"qcd": {"events": 1, "flatten_power": 0}}
    lines = hard_settings(config(hard={"flatten_pt": True}, processes=processes), "qcd")
    assert not any("bias2" in line for line in lines)


def test_views_know_what_their_process_says_of_particles_and_nothing_else_of_it():
    own = ["HiggsSM:ffbar2HZ = on", " 15:onMode = off", "15:onIfAny = 13"]
    processes = {
        "tau": {"events": 1, "settings": own, "initiators": [25], "label": "tau"},
        "qcd": {"events": 1},
    }
    views = {
        "nominal": {},
        "again": {"redo": "hadronization", "of": "nominal"},
        "other": {"variation": ["15:onIfAny = 11"]},
    }
    run = config(processes=processes, views=views, generator={"settings": ["15:onMode = on"]})
    for lines in (
        view_settings(run, "tau", "nominal"),
        hadronization_settings(run, "tau", "again"),
    ):
        about = [line.strip() for line in lines if line.strip().startswith("15:")]
        assert about == ["15:onMode = on", "15:onMode = off", "15:onIfAny = 13"]
        assert "HiggsSM:ffbar2HZ = on" not in lines
    assert "15:onIfAny = 13" not in view_settings(run, "qcd", "nominal")
    # What the view says itself comes last, there and in one pass.
    for lines in (view_settings(run, "tau", "other"), onepass_settings(run, "tau", "other")):
        last = [line for line in lines if "15:on" in line]
        assert last[-2:] == ["15:onIfAny = 13", "15:onIfAny = 11"]
