"""Where Pythia's settings may stand: in a process, a view, for all, or nowhere."""

import pytest

from rs3l_data.describe.config import Config
from rs3l_data.describe.strict import validate
from tests.data.describe.configs import changed, message

OWNED = {
    "Beams:eCM = 14000": "`hard.energy`",
    "beams::ecm = 14000": "`hard.energy`",
    " BEAMS:idA = -2212": "`hard.energy`",
    "Beams:sigmaVertexZ = 50.": "`hard.energy`",
    "Random:seed = 99": "`seed`",
    "SecondHard:generate = on": "one collision",
    "LesHouches:setQuarkMass = 2": "saved masses",
    "HadronLevel:all = off": "stages",
    "HadronLevel:Hadronize = off": "hadrons",
    "partonlevel::ALL = off": "stages",
    "ProcessLevel:all = off": "stages",
    "ProcessLevel:resonanceDecays = off": "all views share the decay",
    "HeavyIon:mode = 2": "the beams are protons",
    "ClosePacking:doClosePacking = on": "depend on the chunk",
    "Ropewalk:doBuffon = on": "depend on the chunk",
    "PhaseSpace:increaseMaximum = on": "depend on the chunk",
    "MultipartonInteractions:reuseInit = 3": "set here: it keeps an initialisation in files",
    "MultipartonInteractions:initFile = a.mpi": "which job came first",
    "ParticleDecays:xyMax = 1.": "`solenoid`",
    "UncertaintyBands:doVariations = on": "gives events weights",
    "enhancedSplittings:List = {fsr:G2QQ=20.}": "gives events weights",
    "POWHEG:veto = 1": "no effect",
    "JetMatching:merge = on": "no effect",
    "ResonanceDecayFilter:filter = on": "no effect",
    "Print:quiet = off": "printed",
    "Main:numberOfEvents = 5": "`events`",
    "Next:numberShowEvent = 5": "printed",
    "Init:reuseMPIiDiffSys0 = 3": "printed",
    "Stat:showErrors = on": "printed",
    "Parallelism:numThreads = 4": "printed",
}


@pytest.mark.parametrize("line", OWNED)
def test_what_the_package_sets_itself_is_refused_wherever_settings_are_given(line):
    qcd = {"events": 1, "settings": ["HardQCD:all = on", line], "initiators": [21], "label": "g"}
    places = {
        "generator.settings": {"generator": {"settings": [line]}},
        "processes.qcd: settings": {"processes": {"qcd": qcd}},
        "views.a: variation": {"views": {"a": {"variation": [line]}}},
    }
    for place, blocks in places.items():
        text = message(changed(**blocks))
        assert place in text
        assert f"'{line}' cannot be set here" in text
        assert OWNED[line] in text


def test_settings_alike_are_not_refused():
    free = ["PartonLevel:MPI = off", "HadronLevel:Decay = on", "ParticleDecays:tau0Max = 5."]
    blocks = {"views": {"a": {"variation": free}}, "generator": {"settings": free}}
    validate(Config, changed(**blocks), "my.yaml")


def test_masses_of_les_houches_events_are_chosen_where_the_events_are_taken_in():
    mine = {"events": 1, "lhe": ["a.lhe"], "initiators": [25], "label": "H"}
    mine["settings"] = ["LesHouches:setQuarkMass = 0"]
    validate(Config, changed(processes={"mine": mine}), "my.yaml")
    del mine["lhe"]
    assert "saved masses" in message(changed(processes={"mine": mine}))


LATE = (
    "TimeShower:renormMultFac = 4",
    " spaceshower::ALPHASVALUE = 0.12",
    "PartonLevel:MPI = off",
    "PartonShowers:model = 2",
    "MultipartonInteractions:pT0Ref = 2.5",
    "ColourReconnection:reconnect = off",
    "HadronLevel:Decay = off",
    "StringZ:aLund = 0.5",
    "TauDecays:mode = 0",
    "FragmentationSystems:mJoin = 0.5",
    "Fragmentation:setVertices = on",
    "HiddenValley:FSR = on",
    "HiddenValley:LambdaNPHV = 0.5",
    "RHadrons:allow = on",
)


def with_top(*settings):
    """A config with a process of one's own that has these settings."""
    mine = {"events": 1, "initiators": [6], "label": "top", "settings": ["Top:all = on", *settings]}
    return changed(processes={"mine": mine})


@pytest.mark.parametrize("line", LATE)
def test_a_process_cannot_set_what_acts_after_its_hard_events(line):
    """The views would not obey, one-pass Pythia would."""
    text = message(with_top(line))
    assert f"processes.mine: settings: [{line!r}] would have no effect" in text
    assert "`generator.settings`" in text
    validate(Config, changed(generator={"settings": [line]}), "my.yaml")


@pytest.mark.parametrize(
    "line",
    [
        *("PhaseSpace:pTHatMin = 600", "SigmaProcess:alphaSvalue = 0.12", " hardqcd::all = on"),
        *("Top:all = on", "ExtraDimensionsG*:all = on", "PhaseSpace:RsepMin = 0.4"),
        *("Onia:all(3S1) = on", "Bottomonium:all = on", "HiddenValley:gg2UvUvbar = on"),
        *("PDF:useHard = on", "PDF:pHardSet = 20", " 6:m0 = 175", "25:onMode = off", "24:mWidth=2"),
        *("23:m0 = 91", "24:all = W+ W- 3 3 0 80.4 2.1 10. 0. 0."),
    ],
)
def test_a_view_cannot_set_what_its_hard_events_were_made_with(line):
    text = message(changed(views={"nominal": {}, "mine": {"variation": [line]}}))
    assert f"variation: [{line!r}] are of the hard process" in text
    free = ["HardQCD:nQuarkNew = 4", "Charmonium:O(3S1)[3S1(1)] = 1.2", "HiddenValley:FSR = on"]
    free += ["15:onMode = off", "24:onMode = off", "5:m0 = 4.7", "PDF:pSet = 20"]
    free += ["23:mayDecay = off"]  # those that a weak shower emits
    validate(Config, changed(views={"a": {"variation": free}}), "my.yaml")


@pytest.mark.parametrize(
    "line", ["HardQCD:all = on", "PhaseSpace:bias2Selection = on", "Charmonium:all = on"]
)
def test_all_views_cannot_have_what_chooses_a_hard_process(line):
    """They would make events of it beside the saved ones."""
    text = message(changed(generator={"settings": [line]}))
    assert f"generator.settings: [{line!r}] would reach the views" in text
    free = ["SigmaProcess:alphaSvalue = 0.12", "PhaseSpace:mHatMin = 900", "PhaseSpace:pTHatMin=0."]
    free += ["6:m0 = 171.5", "PDF:useHard = on"]
    validate(Config, changed(generator={"settings": free}), "my.yaml")


@pytest.mark.parametrize(
    "line",
    [
        *("Tune:pp = 21", "PDF:pSet = 20", " pdf::PSETB = 20", "PDF:extrapolate = on"),
        *("SigmaTotal:mode = 0", "StandardModel:alphaEMmZ = 0.0078"),
        *("SLHA:useDecayTable = off", "HiddenValley:Ngauge = 2"),
    ],
)
def test_a_process_cannot_set_what_the_showers_share(line):
    text = message(with_top(line))
    assert f"processes.mine: settings: [{line!r}] would hold for the hard events and not" in text
    assert "`PDF:pHardSet`" in text
    if not line.startswith("Tune"):
        validate(Config, changed(generator={"settings": [line]}), "my.yaml")


def test_a_process_can_set_what_acts_on_its_hard_events():
    settings = [
        *("6:m0 = 171.5", "24:onMode = off", "SigmaProcess:alphaSvalue = 0.12"),
        *("PDF:useHard = on", "PDF:pHardSet = 20"),
        *("PhaseSpace:mHatMin = 500", "ResonanceWidths:minWidth = 1e-7"),
        *("HiddenValley:ffbar2Zv = on", "HiddenValley:spinFv = 0"),
    ]
    validate(Config, with_top(*settings), "my.yaml")


VINCIA = ["PartonShowers:model = 2 ! Vincia", "Vincia:tune = 0"]


@pytest.mark.parametrize(
    "blocks",
    [
        {"generator": {"settings": VINCIA}, "views": {"a": {"variation": "fsr_up"}}},
        {"views": {"a": {"variation": [*VINCIA, "spaceshower::alphaSvalue = 0.12"]}}},
    ],
)
def test_vincia_does_not_obey_settings_of_pythias_showers(blocks):
    text = message(changed(**blocks))
    assert "views.a.variation: ['" in text
    assert "no effect on Vincia's showers, which 'PartonShowers:model = 2 " in text


def test_pythias_own_showers_beside_vincias_and_vincias_settings_are_not_refused():
    simple = ["PartonShowers:model = 1", "TimeShower:renormMultFac = 4"]
    views = {
        "simple": {"variation": simple},
        "vincias": {"variation": ["Vincia:renormMultFacEmitF = 4", "PartonLevel:MPI = off"]},
        "apart": {"variation": ["TimeShower:interleave = off"]},
    }
    validate(Config, changed(generator={"settings": VINCIA}, views=views), "my.yaml")
    run = {"settings": ["TimeShower:renormMultFac = 4"]}
    validate(Config, changed(generator=run, views={"a": {"variation": "vincia"}}), "my.yaml")
