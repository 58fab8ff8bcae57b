"""What a process says of particles holds where they decay: in the showers of all of its views."""

import numpy as np
import pytest

from rs3l_data.chain import _hadronization, hard_chunk, onepass_chunk
from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import view_settings
from rs3l_data.simulate.resimulate import shower_records
from tests.data.conftest import make_config

HIGGS = ["HiggsSM:ffbar2HZ = on", "23:onMode = off", "23:onIfAny = 12 14 16", "25:onMode = off"]
TAUS = [*HIGGS, "25:onIfMatch = 15 -15", "15:onMode = off", "15:onIfAny = 13"]
DARK = 9000001
NEW = [
    *HIGGS,
    # A particle that Pythia does not know: no spin, charge or colour, mass 10 GeV, decays at once.
    f"{DARK}:new = dark void 1 0 0 10.",
    f"{DARK}:isResonance = off",
    f"{DARK}:addChannel = 1 1. 0 211 -211",
    f"25:addChannel = 1 1. 100 {DARK} {DARK}",
    f"25:onIfAny = {DARK}",
]
VIEWS = {
    "nominal": {},
    "again": {"redo": "hadronization", "of": "nominal"},
    "electrons": {"variation": ["15:onMode = off", "15:onIfAny = 11"]},
}
N = 20


def run_of(settings):
    mine = {"events": N, "settings": settings, "initiators": [25], "label": "mine"}
    return make_config(events=N, processes={"mine": mine}, views=VIEWS, validation={"events": N})


def decays(settings, view, code):
    """List what each particle of a kind decays to, in a view and in a hadronisation of it."""
    run = run_of(settings)
    hard, _ = hard_chunk(run, "mine", 0, lambda _: None)
    events = hard.events["event"]
    seeds = shower_seeds(run.seed, "mine", view, events)
    again = [_hadronization(run, "mine", "again", events)] if view == "nominal" else []
    ((_, records),) = shower_records(view_settings(run, "mine", view), hard, 13000.0, seeds, again)
    return [found for each in records for found in _decays(each, code)]


def _decays(records, code):
    for at in np.flatnonzero(np.abs(records.pdg_id) == code):
        first = records.offsets[np.searchsorted(records.offsets, at, side="right") - 1]
        low, high = records.daughter1[at], records.daughter2[at]
        daughters = np.abs(records.pdg_id[first + low : first + high + 1]).tolist()
        if low > 0 and code not in daughters:
            yield daughters


@pytest.mark.parametrize(("view", "lepton"), [("nominal", 13), ("electrons", 11)])
def test_taus_of_the_hard_process_decay_as_it_says_unless_the_view_says_otherwise(view, lepton):
    found = decays(TAUS, view, 15)
    assert len(found) >= 2 * N
    assert all(lepton in daughters for daughters in found)


def test_a_new_particle_is_known_to_the_showers():
    found = decays(NEW, "nominal", DARK)
    assert len(found) == 2 * 2 * N  # two views
    assert all(daughters == [211, 211] for daughters in found)


def test_one_pass_events_decay_alike():
    _, _, tables = onepass_chunk(run_of(NEW), "mine", "nominal", 0, lambda _: None)
    assert tables["nominal"].jets["present"].sum() > N / 2
