"""Hard events: inside their cuts, physical, and independent of how they were cut into jobs."""

import json
import re

import numpy as np
import pytest
from scipy.stats import ks_2samp

from rs3l_data.chain import hard_chunk, initiator_table
from rs3l_data.describe.schema import HARD_EVENTS, HARD_PARTICLES
from rs3l_data.errors import GeneratorError
from rs3l_data.events.hard_events import INCOMING
from rs3l_data.simulate.generate import Acceptance
from rs3l_data.simulate.initiators import Selection, find_rows
from rs3l_data.store.summary import combine
from tests.data.conftest import PROCESSES, make_config, momenta_of


@pytest.mark.parametrize("process", PROCESSES)
def test_momentum_is_conserved_in_every_vertex(hard_of, process):
    hard = hard_of(process)
    p, particles = momenta_of(hard.particles), hard.particles
    for first, last in zip(hard.offsets[:-1], hard.offsets[1:], strict=True):
        status, mother = particles["status"][first:last], particles["mother1"][first:last]
        incoming, final = status == INCOMING, status > 0
        total = p[first:last][incoming].sum(axis=0)
        np.testing.assert_allclose(p[first:last][final].sum(axis=0), total, atol=1e-6)
        for decayed in np.flatnonzero(status == -22):
            daughters = p[first:last][mother == decayed + 3]
            np.testing.assert_allclose(daughters.sum(axis=0), p[first + decayed], atol=1e-6)


@pytest.mark.parametrize("process", PROCESSES)
def test_masses_belong_to_momenta(hard_of, process):
    particles = hard_of(process).particles
    p = momenta_of(particles)
    squared = p[:, 3] ** 2 - (p[:, :3] ** 2).sum(axis=1)
    np.testing.assert_allclose(squared, particles["mass"] ** 2, atol=1e-5 * p[:, 3].max() ** 2)


@pytest.mark.parametrize(
    ("process", "rows", "decays", "codes"),
    [
        ("qcd", 2, 0, {1, 2, 3, 4, 5, 21}),
        ("hbb", 1, 2, {25}),
        ("wqq", 1, 2, {24}),
        ("zqq", 1, 2, {23}),
        ("top", 2, 3, {6}),
    ],
)
def test_initiators_and_their_decays(config, hard_of, process, rows, decays, codes):
    hard = hard_of(process)
    table = initiator_table(config, process, hard)
    n = np.bincount(np.searchsorted(hard.events["event"], table.columns["event"]))
    assert n.max() == rows
    assert n.min() >= 1
    assert set(np.abs(table.columns["pdg_id"])) <= codes
    assert np.all(np.diff(table.offsets) == decays)
    low, high = config.hard.pt
    assert np.all((table.columns["pt"] >= low - 1e-3) & (table.columns["pt"] <= high + 1e-3))
    assert np.all(np.abs(table.columns["eta"]) <= config.hard.abs_eta_max + 1e-6)
    if decays:
        # The decay products' momenta add up to their initiator's.
        found = find_rows(hard, Selection(tuple(codes), config.hard.pt, config.hard.abs_eta_max))
        p = momenta_of(hard.particles)
        total = np.add.reduceat(p[found.decay], found.decay_offsets[:-1])
        np.testing.assert_allclose(total, p[found.initiator], atol=1e-6)


@pytest.mark.parametrize("side", [0, 1])
def test_both_limits_of_pt_are_limits(config, hard_of, side):
    hard = hard_of("qcd")
    codes, eta = tuple(config.processes["qcd"].initiators), config.hard.abs_eta_max
    middle = 600.0
    narrow = ((0.0, middle), (middle, 1e5))[side]
    found = find_rows(hard, Selection(codes, narrow, eta))
    every = find_rows(hard, Selection(codes, (0.0, 1e5), eta))
    p = momenta_of(hard.particles)
    pt = np.hypot(p[:, 0], p[:, 1])
    expected = [i for i in every.initiator if narrow[0] <= pt[i] <= narrow[1]]
    assert 0 < len(expected) < len(every.initiator)
    assert found.initiator.tolist() == expected


def test_a_limit_of_eta_that_is_none_does_not_overflow(config, hard_of):
    hard, codes = hard_of("top"), config.processes["top"].initiators
    with np.errstate(all="raise"):
        found = find_rows(hard, Selection(codes, (1.0, 1e5), 1e4))
    assert len(found.initiator) == 2 * len(hard)


@pytest.mark.parametrize(
    ("process", "codes", "message"),
    [("hbb", (25, 5), "-?5 comes .* 25,"), ("top", (6, 24), "-?24 comes .* -?6,")],
)
def test_an_initiator_from_the_decay_of_another_is_told(hard_of, process, codes, message):
    """Even if the other one is the first of all rows."""
    hard = hard_of(process)[:1]
    with pytest.raises(GeneratorError, match=f"in event 0 a particle {message}"):
        find_rows(hard, Selection(codes, (0.0, 1e5), 100.0))


def test_what_decays_is_what_was_asked_for(config, hard_of):
    products = {
        process: set(np.abs(initiator_table(config, process, hard_of(process)).decays["pdg_id"]))
        for process in PROCESSES
    }
    assert products["hbb"] == {5}
    assert products["wqq"] <= {1, 2, 3, 4, 5}
    assert products["zqq"] <= {1, 2, 3, 4, 5}
    assert 5 in products["top"]


def test_quarks_and_gluons_are_labelled_by_flavour(config, hard_of):
    columns = initiator_table(config, "qcd", hard_of("qcd")).columns
    names = np.array(config.labels)[columns["label"]]
    expected = {1: "q", 2: "q", 3: "q", 4: "c", 5: "b", 21: "g"}
    assert names.tolist() == [expected[abs(code)] for code in columns["pdg_id"]]


def test_the_initiators_of_a_process_are_labelled_each_by_its_own():
    """A Higgs boson and the Z boson that it recoils against."""
    own = {"settings": ["HiggsSM:ffbar2HZ = on", "25:onMode = off", "25:onIfMatch = 5 -5"]}
    own |= {"events": 20, "initiators": [25, 23], "label": {25: "Hbb", 23: "Z"}}
    config = make_config(processes={"zh": own, "qcd": {"events": 1}})
    hard, _ = hard_chunk(config, "zh", 0, lambda _: None)
    columns = initiator_table(config, "zh", hard).columns
    assert config.labels == ("Hbb", "Z", "q", "c", "b", "g")
    assert np.unique(columns["pdg_id"]).tolist() == [23, 25]
    np.testing.assert_array_equal(columns["label"], columns["pdg_id"] == 23)


def test_a_hard_event_does_not_depend_on_its_chunk(hard_of):
    whole = hard_of("top")
    other = make_config(hard={"chunk_events": 30})
    for chunk in (0, 2, 3):
        part, _ = hard_chunk(other, "top", chunk, lambda _: None)
        first = 30 * chunk
        same = whole[first : first + len(part)]
        for column in HARD_PARTICLES:
            np.testing.assert_array_equal(part.particles[column.name], same.particles[column.name])
        for column in HARD_EVENTS:
            np.testing.assert_array_equal(part.events[column.name], same.events[column.name])


def test_reseeding_each_event_leaves_spectrum_and_cross_section_alone(config):
    """Against a run of Pythia as anyone would write it."""
    import pythia8mc

    from rs3l_data.describe.settings import hard_settings

    events, run = hard_chunk(make_config(events=1500), "wqq", 0, lambda _: None)
    pythia = pythia8mc.Pythia("", False)
    for line in hard_settings(config, "wqq"):
        assert pythia.readString(line)
    assert pythia.init()
    pt = []
    while len(pt) < 1500:
        if not pythia.next():
            continue
        w = next(p for p in (pythia.process[5], pythia.process[6]) if abs(p.id()) == 24)
        if abs(w.eta()) < config.hard.abs_eta_max:
            pt.append(w.pT())
    info = pythia.infoPython()
    difference = run.cross_section_mb - info.sigmaGen() * 1500 / info.nAccepted()
    assert abs(difference) < 4 * np.hypot(run.cross_section_error_mb, info.sigmaErr())
    outgoing = events.offsets[:-1] + 2
    ours = np.hypot(*(events.particles[name][outgoing] for name in ("px", "py")))
    assert ks_2samp(ours, pt).pvalue > 1e-3


def test_the_cross_section_does_not_depend_on_the_size_of_chunks():
    """Of many subprocesses a small chunk tries few."""
    found = []
    for size, n_chunks in ((1, 20), (1500, 1)):
        config = make_config(events=1500, hard={"chunk_events": size})
        chunks = range(n_chunks)
        found.append(combine([hard_chunk(config, "qcd", i, lambda _: None)[1] for i in chunks]))
    small, large = found
    assert small["n_accepted"] >= 20
    assert small["n_tried"] < 100 * 20, "the tries are those of the events"
    error = np.hypot(*(one["cross_section_error_pb"] for one in found))
    assert abs(small["cross_section_pb"] - large["cross_section_pb"]) < 4 * error


def test_flattening_in_pt_keeps_the_physical_spectrum_in_the_weights():
    n = 1500
    flat, _ = hard_chunk(
        make_config(events=n, hard={"chunk_events": n, "flatten_pt": True}),
        "qcd",
        0,
        lambda _: None,
    )
    plain, _ = hard_chunk(make_config(events=n), "qcd", 0, lambda _: None)
    edges = np.array([400, 450, 520, 620, 760, 1000])

    def spectrum(hard):
        at = hard.offsets[:-1] + 2
        pt = np.hypot(hard.particles["px"][at], hard.particles["py"][at])
        weight = hard.events["weight"]
        sums, _ = np.histogram(pt, edges, weights=weight)
        squares, _ = np.histogram(pt, edges, weights=weight**2)
        counts, _ = np.histogram(pt, edges)
        return counts / np.diff(edges), sums / weight.sum(), np.sqrt(squares) / weight.sum()

    density, share, error = spectrum(flat)
    density_plain, share_plain, error_plain = spectrum(plain)
    assert density_plain.max() / density_plain.min() > 20
    assert density.max() / density.min() < 2.5
    pulls = (share - share_plain) / np.hypot(error, error_plain)
    assert np.abs(pulls).max() < 4


def test_cuts_that_leave_nothing_are_told(monkeypatch):
    monkeypatch.setattr("rs3l_data.simulate.generate.TRIES", 20)
    narrow = make_config(
        processes={"hbb": {"events": 1, "initiators": [25, 6], "label": "Hbb"}},
        hard={"abs_eta_max": 1e-9},
    )
    message = r"none of 20 tries passed the cuts on the initiators \[25, 6\] \(\[6\] did not occur"
    with pytest.raises(GeneratorError, match=message):
        hard_chunk(narrow, "hbb", 0, lambda _: None)


def test_initiators_that_do_not_occur_are_told_from_cuts_with_what_does_occur(monkeypatch):
    """To widen the cuts would not help."""
    monkeypatch.setattr("rs3l_data.simulate.generate.TRIES", 20)
    own = with_own(TOP + WIDE, [25, 23])
    with pytest.raises(GeneratorError) as told:
        hard_chunk(own, "mine", 0, lambda _: None)
    message = str(told.value)
    assert "none of the initiators [25, 23] occurs in any of 20 tries" in message
    assert "widen" not in message
    codes = json.loads(re.search(r"there are (\[.*?\])", message)[1])
    assert {5, 6, 24} <= {*codes} <= {1, 2, 3, 4, 5, 6, 24}


@pytest.mark.parametrize("part", [0.1, 0.6, 0.98])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_error_of_an_acceptance_is_its_spread(part, weighted):
    random = np.random.default_rng(7)
    found = []
    for _ in range(400):
        weights = random.exponential(size=3000) if weighted else np.ones(3000)
        inside = random.random(3000) < part
        found.append(Acceptance.of(weights[inside], weights[~inside]))
    parts = np.array([one.part for one in found])
    claimed = np.mean([one.part * one.relative_error for one in found])
    assert claimed == pytest.approx(np.std(parts), rel=0.15)
    assert np.mean(parts) == pytest.approx(part, rel=0.02)


def test_an_acceptance_of_all_has_no_error_of_its_own():
    everything = Acceptance.of(np.ones(5), np.array([]))
    assert (everything.part, everything.relative_error) == (1, 0)
    assert everything.error_of_product(10.0, 0.5) == 0.5
    half = Acceptance(0.5, 0.1)
    assert half.error_of_product(10.0, 0.0) == pytest.approx(0.5)


WIDE = ["PhaseSpace:pTHatMin = 0.", "PhaseSpace:pTHatMax = -1."]
TTH = ["HiggsSM:gg2Httbar = on", "25:onMode = off", "25:onIfMatch = 5 -5"]
TOP = ["Top:gg2ttbar = on", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"]


def with_own(settings, initiators):
    own = {"settings": settings, "initiators": initiators, "label": "mine", "events": 4}
    return make_config(processes={"mine": own})


@pytest.mark.parametrize(
    ("settings", "initiators", "what"),
    [(TTH, [25], "of 3 outgoing particles"), (TOP, [24], "decay products")],
)
def test_cuts_on_pthat_that_lose_initiators_are_refused(settings, initiators, what):
    with pytest.raises(GeneratorError, match=f"pTHat, which is not .* as they are {what}"):
        hard_chunk(with_own(settings, initiators), "mine", 0, lambda _: None)
    hard, _ = hard_chunk(with_own(settings + WIDE, initiators), "mine", 0, lambda _: None)
    assert len(hard) == 4


def test_a_resonance_alone_has_no_pthat():
    settings = ["NewGaugeBoson:ffbar2gmZZprime = on", "Zprime:gmZmode = 3", "32:m0 = 1500"]
    config = with_own([*settings, "32:onMode = off", "32:onIfAny = 1 2 3"], [1, 2, 3])
    assert len(hard_chunk(config, "mine", 0, lambda _: None)[0]) == 4
