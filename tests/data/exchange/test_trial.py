"""Files of other programs' events are tried before any job runs, as the jobs will read them."""

import pytest

from rs3l_data.errors import GeneratorError
from rs3l_data.trial import instances, read_all, try_all
from tests.data.conftest import make_config
from tests.data.exchange.conftest import higgs_config, take
from tests.data.exchange.lhe_text import event_text, lhe_text

PLAIN = {"nominal": {}}


def trial(config, name):
    """Try one thing of a config."""
    trials = instances(config)
    return try_all({name: trials[name]})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"^processes\.mg: .*mg\.lhe: no such file"),
        (lhe_text(range(12), beam=7000.0), r"^processes\.mg: .*mg\.lhe: made with beams of 7000"),
        (lhe_text(range(4)).split("</LesH")[0], r"mg\.lhe: event 4: truncated"),
        (lhe_text(range(4)), "4 events, but at least 10 are asked for"),
        (lhe_text([0]).replace(" 25 1 1", " 9999971 1 1"), "no particle 9999971"),
    ],
)
def test_files_of_hard_events_are_tried_by_their_first_events(tmp_path, content, message):
    path = tmp_path / "mg.lhe"
    if content is not None:
        path.write_text(content)
    events = 1 if "9999971" in message else 50
    with pytest.raises(GeneratorError, match=message):
        trial(higgs_config([path], events=events, views=PLAIN), "processes.mg")


NEW_BOSON = """
BLOCK QNUMBERS 9000005  # X0
  1 0  # three times the charge
  2 1  # 2S+1
  3 1  # no colour
  4 0  # its own antiparticle
BLOCK MASS
  9000005 125.0
DECAY 9000005 0.01
  1.0  2  5 -5
"""


def test_initiators_may_be_new_particles_of_an_slha_file(tmp_path):
    """As MadGraph writes them; Pythia knows them from its initialisation on."""
    path, spectrum = tmp_path / "new.lhe", tmp_path / "new.slha"
    path.write_text(lhe_text(range(10)).replace(" 25 1 1", " 9000005 1 1"))
    spectrum.write_text(NEW_BOSON)
    process = {"events": 10, "lhe": [str(path)], "initiators": [9000005], "label": "X"}

    def config(*settings):
        generator = {"settings": [*settings, "SLHA:verbose = 0"]}
        return make_config(processes={"new": process}, views=PLAIN, generator=generator)

    with pytest.raises(GeneratorError, match=r"processes\.new: .*no particle 9000005.*SLHA:file"):
        read_all(config())
    known = config(f"SLHA:file = {spectrum}")
    read_all(known)
    assert trial(known, "processes.new") == []
    (hard,), _ = take(known, "new")
    products = hard.particles["pdg_id"][hard.particles["mother1"] == 5]
    assert sorted(products.tolist()) == [-5] * 10 + [5] * 10


def test_first_events_without_initiators_are_no_fault_but_remarked(tmp_path, lhe):
    """In ten events of a file a rare one may be missing."""
    path = tmp_path / "soft.lhe"
    soft = "".join(event_text(n, pt=100.0) for n in range(10))
    path.write_text(lhe_text([]).replace("</LesH", soft + event_text(10) + "</LesH"))
    config = higgs_config([path], events=11, views=PLAIN)
    (remark,) = trial(config, "processes.mg")
    assert remark.startswith("processes.mg: none of the first 10 events has one of the initiators")
    assert "[25] with pT from 400 to 1000 GeV" in remark
    assert "they have [5, " in remark
    assert trial(higgs_config([lhe], views=PLAIN), "processes.mg") == []


@pytest.fixture
def showered(exported, tmp_path):
    """Give the config of a view whose HepMC file for the first chunk of two may be made."""

    def make(*contents):
        for chunk, content in enumerate(contents):
            (tmp_path / f"top-{chunk:04d}.hepmc").write_bytes(content)
        views = {**PLAIN, "elsewhere": {"hepmc": str(tmp_path / "{process}-{chunk}.hepmc")}}
        processes = {"top": {"events": 12}}
        return make_config(processes=processes, hard={"chunk_events": 6}, views=views)

    return make


def test_the_first_event_of_a_view_of_hepmc_files_is_tried_and_no_more(showered, exported):
    whole = exported().read_bytes()
    # The second event is never reached.
    begin = whole.index(b"\nE 2 ")
    broken = whole[:begin] + b"\nP nonsense"
    assert trial(showered(broken, b""), "views.elsewhere of top") == []


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ([], r"^views\.elsewhere of top: .*top-0000\.hepmc: no such file"),
        (["own"], r"top-0001\.hepmc: no such file"),
        (["empty", "own"], r"top-0000\.hepmc: .* not a HepMC3 file"),
        (["hbb", "own"], r"top-0000\.hepmc: event 0: starts from another hard event"),
        (["late", "own"], r"top-0000\.hepmc: none of the events 0 to 5"),
    ],
)
def test_files_of_a_view_that_are_not_there_or_of_others_are_told(
    showered, exported, contents, message
):
    own = exported().read_bytes()
    texts = {
        "own": own,
        "empty": b"",
        "hbb": exported("hbb").read_bytes(),
        "late": own.replace(b"\nE ", b"\nE 1"),
    }
    with pytest.raises(GeneratorError, match=message):
        trial(showered(*(texts[name] for name in contents)), "views.elsewhere of top")
