import logging
from pathlib import Path

import numpy as np
import pytest
import pythia8mc

from rs3l_data.describe.settings import hard_settings
from rs3l_data.errors import GeneratorError
from rs3l_data.simulate.pythia import Delivered, initialise, log_words, own_words, prepared
from rs3l_data.simulate.setting_values import not_of_its_kind
from tests.data.conftest import make_config


@pytest.mark.parametrize(
    "line",
    [
        "Foo:bar = 1",
        "PartonShowers:model = 3",  # Dire has left Pythia
        "TimeShower:renormMultFac = 1000",  # out of range
        "TimeShower:renormMultFac = much",
        "HardQCD:all = maybe",  # Pythia itself would read this as off
        "TimeShower:renormMultFac",
        "HardQCD:all on",
        "! a comment",
        "25:colour = blue",
        "",
    ],
)
def test_a_setting_that_pythia_does_not_accept_is_named(line):
    with pytest.raises(GeneratorError) as caught:
        prepared(["Print:quiet = on", line])
    assert f"'{line}'" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("TimeShower:renormMultFac = 1/4", "a number"),
        ("TimeShower::renormMultFac = 2,5", "a number"),
        ("timeshower:renormmultfac = 2 5", "a number"),
        ("TimeShower:renormMultFac = 1000", "a value from 0.1 to 10"),
        ("MultipartonInteractions:bProfile = 2.7", "a whole number"),
        ("Tune:pp = 1e1", "a whole number"),
        ("Tune:pp = 99", "a value from -1 to 33"),
        ("HardQCD:all = on off", "on or off"),
        ("PDF:pSet = 13 14", "one word"),
        ("TimeShower:skipFirstMECinResDecIDs = {6 24}", r"values as \{1,2\}"),
        ("HeavyIon:SigFitDefPar = {1. 5, 2}", r"values as \{1,2\}"),
        ("SUSY:idVecA += {3;4}", r"values as \{1,2\}"),
        ("StringFlav:probQQ1toQQ0join = {0.1,0.1,0.1,0.1", "a } for its {"),
        ("EnhancedSplittings:List = {fsr:G2QQ=2. ! {}", "a } for its {"),
        ("PDF:pSet = {13", "a } for its {"),
        ("HardQCD:all FORCE= maybe", "on or off"),
        ("25:all = h0 void 1 0 0 1/2 0.004 50. 0. 0.", "two names, and numbers"),
        ("5122:0:all = 1 1/2 0 -12 11 4 2101", "numbers with spaces"),
        ("25:antiName = a b", "one word"),
        ("SUSY:idVecA = {1, x}", r"values as \{1,2\}, each a whole number"),
        ("6:m0 = 172,5", "a number"),
        ("25:m0 = inf", "a number"),
        ("25:mayDecay = maybe", "on or off"),
        ("25:onMode = of", "on or off, or a whole number"),
        ("25:0:bRatio = some", "a number"),
        ("24:onIfAny = 1 2, 3", "PDG codes"),
        ("24:onPosIfAny = u", "PDG codes"),
        ("25:addChannel = 1 0.3 100 b b", "numbers with spaces"),
    ],
)
def test_a_value_is_not_read_by_halves(line, expected):
    """Pythia alone takes most of these: the beginning of the value, or 0; or it waits for a }."""
    with pytest.raises(GeneratorError, match=f"expected {expected}"):
        prepared(["Print:quiet = on", line])


def test_what_pythia_has_by_default_may_be_said():
    """Each of its settings, with the value that it has anyhow."""
    known = pythia8mc.Pythia("", False).settings
    written = {
        "Flag": lambda value: "on" if value else "off",
        "Mode": str,
        "Parm": repr,
        "Word": str,
        "FVec": lambda value: f"{{{','.join('on' if one else 'off' for one in value)}}}",
        "MVec": lambda value: f"{{{','.join(map(str, value))}}}",
        "PVec": lambda value: f"{{{','.join(map(repr, value))}}}",
        "WVec": lambda value: f"{{{','.join(value)}}}",
    }
    n = 0
    for kind, text in written.items():
        for setting in getattr(known, f"get{kind}Map")("").values():
            value = text(setting.valDefault)
            if value:  # Not every word has one.
                n += 1
                assert not_of_its_kind(known, setting.name, value) is None, setting.name
    assert n > 1900


def test_settings_take_effect():
    settings = [
        "HardQCD:all = Yes ! a comment",
        "25:m0 = +1.3e2 # another",
        "TimeShower:renormMultFac=.5",
        "SUSY:idVecA = {1, 2}",
        "24:onMode = 0",
        "24:onIfAny = 11 -13",
        "25:oneChannel = 1 1.0 100 5 -5",
        "4900001:all = quark anti 2 0 0 50. 1. 40. 60. 0.",
        "5122:0:all = 1 0.5 22 -12 11 4 2101",
    ]
    pythia = prepared(["Print:quiet = on", *settings])
    assert pythia.settings.flag("HardQCD:all")
    assert pythia.particleData.m0(25) == 130
    assert pythia.settings.parm("TimeShower:renormMultFac") == 0.5
    assert list(pythia.settings.mvec("SUSY:idVecA")) == [1, 2]
    channels = pythia.particleData.particleDataEntryPtr(24)
    on = [channels.channel(i).onMode() for i in range(channels.sizeChannels())]
    assert sum(on) == 2
    assert pythia.particleData.particleDataEntryPtr(25).sizeChannels() == 1


def test_an_slha_file_that_is_not_there_is_told(tmp_path, monkeypatch):
    """Pythia warns, where nobody looks, and goes on with masses of its own."""
    monkeypatch.chdir(tmp_path)
    settings = ["Print:quiet = on", "SLHA:file = mine.slha"]
    with pytest.raises(GeneratorError, match=r"name 'mine\.slha': no such file; paths are"):
        prepared(settings)
    Path("mine.slha").write_text("BLOCK MASS\n 35 8.0e2\n")
    pythia = prepared([*settings, "SLHA:verbose = 0", "HiggsSM:gg2H = on"])
    initialise(pythia)
    assert pythia.particleData.m0(35) == 800


def test_a_spectrum_that_cannot_be_flattened_is_told():
    mine = {
        "events": 1,
        "settings": ["WeakSingleBoson:ffbar2gmZ = on"],
        "initiators": [23],
        "label": "Z",
    }
    for power in (0, 5):
        run = make_config(
            processes={"mine": {**mine, "flatten_power": power}}, hard={"flatten_pt": True}
        )
        pythia = prepared(hard_settings(run, "mine"))
        if power == 0:
            initialise(pythia)
            continue
        with pytest.raises(GeneratorError, match=r"flatten_pt.*`flatten_power: 0`"):
            initialise(pythia)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["Tune:pp = 17", "HardQCD:all = on"], "could not set up PDF for beam A"),
        (["PDF:pSet = 99", "HardQCD:all = on"], "could not set up PDF for beam A"),
        (
            ["HardQCD:all = on", "Beams:eCM = 500", "PhaseSpace:pTHatMin = 400"],
            "all processes have vanishing cross sections",
        ),
        (
            ["NewGaugeBoson:ffbar2gmZZprime = on", "PhaseSpace:bias2Selection = on"],
            "requested event weighting not possible",
        ),
    ],
)
def test_a_combination_that_cannot_be_initialised_is_told_in_pythias_words(settings, words, capfd):
    pythia = prepared(["Print:quiet = on", *settings])
    with pytest.raises(GeneratorError, match="could not initialise") as caught:
        initialise(pythia)
    assert words in str(caught.value)
    assert capfd.readouterr().out.strip() == ""


def test_the_log_keeps_the_errors_and_warnings_of_what_went_well(caplog, capfd):
    """Pythia is quiet, and nobody could see afterwards that it had warned."""
    pythia = prepared(["Print:quiet = on", "HardQCD:all = on", "TimeShower:pTmin = 0.1"])
    with caplog.at_level(logging.DEBUG, "rs3l_data"):
        log_words(pythia, "beginning")
        initialise(pythia)
        log_words(pythia, "shower")
    first, last = (record.getMessage() for record in caplog.records)
    assert first == "Pythia says of the beginning: nothing"
    assert last.startswith("Pythia says of the shower: 'Warning in ")
    assert "'Warning in SimpleTimeShower::init: pTmin too low' (2 times)" in last
    assert capfd.readouterr().out == ""


def test_errors_are_quoted_without_the_warnings_that_every_run_has():
    pythia = prepared(["Print:quiet = on", "HardQCD:all = on", "PhaseSpace:pTHatMin = 400"])
    pythia.readString("TimeShower:pTmin = 0.1")
    initialise(pythia)
    warnings = own_words(pythia)
    assert "'Warning in SimpleTimeShower::init: pTmin too low' (2 times)" in warnings
    # Not even the last bit may differ.
    pythia.readString("Check:epTolErr = 0.")
    initialise(pythia)
    assert not pythia.next()
    assert "energy-momentum not conserved" in own_words(pythia)
    assert "Warning" not in own_words(pythia)


def test_a_job_may_lose_events_but_not_all_of_them():
    pythia = prepared(["Print:quiet = on"])
    lost = np.array([False])
    Delivered(pythia, "shower", 1).count(lost)
    few = Delivered(pythia, "shower", 3)
    few.count(lost)
    few.count(lost)
    with pytest.raises(GeneratorError, match="none of 3 events in the shower"):
        few.count(lost)
    many = Delivered(pythia, "shower", 10**6)
    with pytest.raises(GeneratorError, match="none of 128 events"):
        [many.count(np.zeros(64, bool)) for _ in range(2)]
    some = Delivered(pythia, "shower", 200)
    some.count(np.array([False, True]))
    some.count(np.zeros(198, bool))
