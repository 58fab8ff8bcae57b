import numpy as np
import pytest

from rs3l_data.describe.settings import hard_settings
from rs3l_data.errors import GeneratorError
from rs3l_data.simulate.pythia import Delivered, initialise, prepared
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
        "! a comment",
        "25:colour = blue",
        "",
    ],
)
def test_a_setting_that_pythia_does_not_accept_is_named(line):
    with pytest.raises(GeneratorError) as caught:
        prepared(["Print:quiet = on", line])
    assert f"'{line}'" in str(caught.value)


def test_settings_take_effect():
    pythia = prepared(["Print:quiet = on", "HardQCD:all = on", "25:m0 = 130"])
    assert pythia.settings.flag("HardQCD:all")
    assert pythia.particleData.m0(25) == 130


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
