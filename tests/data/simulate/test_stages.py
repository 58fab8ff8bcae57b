"""Which settings act on the hard process alone, asked of Pythia."""

import itertools

import numpy as np
import pytest
import pythia8mc

from rs3l_data.describe.owned import check_not_owned, is_particle
from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import view_settings
from rs3l_data.describe.stages import OF_THE_HARD_PROCESS, acts_on_the_hard_process
from rs3l_data.simulate.resimulate import resimulate
from rs3l_data.simulate.setting_values import KINDS
from tests.data.simulate.showered import ENERGY, events_of


@pytest.mark.parametrize("process", ["top", "hbb"])
def test_a_showered_event_obeys_no_setting_of_the_hard_process(
    config, hard_of, monkeypatch, process
):
    """Such as a view may not have: it would be called another and be none."""
    monkeypatch.setattr("rs3l_data.simulate.pythia.initialisation_seed", lambda _: 7)
    hard = hard_of(process)[:3]
    seeds = shower_seeds(config.seed, process, "nominal", hard.events["event"])
    settings = view_settings(config, process, "nominal")
    lines = ["PhaseSpace:pTHatMin = 600", "PhaseSpace:mHatMin = 2000", "SigmaProcess:Kfactor = 2"]
    lines += ["SigmaProcess:alphaSvalue = 0.14", "SigmaProcess:renormMultFac = 4"]
    lines += ["PhaseSpace:Q2Min = 1e6", "PhaseSpace:RsepMin = 3."]
    lines += ["PDF:useHard = on", "PDF:pHardSet = 20", "6:m0 = 175", "6:mWidth = 2.", "25:m0 = 120"]
    assert all(map(acts_on_the_hard_process, lines))
    without, with_them, other = (
        events_of(views[0] for views in resimulate([*settings, *more], hard, ENERGY, seeds))
        for more in ([], lines, ["TimeShower:renormMultFac = 4"])
    )
    assert all(map(np.array_equal, with_them, without))
    assert not any(map(np.array_equal, other, without))


def test_pythia_alone_obeys_no_setting_of_a_hook(config, hard_of, monkeypatch):
    """Else they would not have to be refused."""
    monkeypatch.setattr("rs3l_data.simulate.pythia.initialisation_seed", lambda _: 7)
    hard = hard_of("qcd")[:5]
    seeds = shower_seeds(config.seed, "qcd", "nominal", hard.events["event"])
    settings = view_settings(config, "qcd", "nominal")
    lines = ["POWHEG:veto = 1", "POWHEG:nFinal = 2", "JetMatching:merge = on", "Alpgen:setMLM = on"]
    without, with_them = (
        events_of(views[0] for views in resimulate([*settings, *more], hard, ENERGY, seeds))
        for more in ([], lines)
    )
    assert all(map(np.array_equal, with_them, without))
    for line in lines:
        with pytest.raises(ValueError, match="no effect"):
            check_not_owned([line])


def test_pythia_has_settings_of_each_group_of_the_hard_process():
    """Else a group is misspelt, and views may have what it stands for."""
    settings = pythia8mc.Pythia("", False).settings
    names = [name for kind in KINDS for name in getattr(settings, f"get{kind}Map")("")]
    for group in itertools.filterfalse(is_particle, OF_THE_HARD_PROCESS):
        assert any(name.startswith(group.lower()) for name in names), group
