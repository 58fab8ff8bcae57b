import pytest

from rs3l_data.describe.settings import hard_settings
from rs3l_data.errors import GeneratorError
from rs3l_data.simulate.pythia import initialise, prepared
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


def test_a_combination_that_cannot_be_initialised_is_an_error():
    pythia = prepared(["Print:quiet = on", "Tune:pp = 17", "HardQCD:all = on"])
    with pytest.raises(GeneratorError, match=r"could not initialise.*not bundled"):
        initialise(pythia)


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
