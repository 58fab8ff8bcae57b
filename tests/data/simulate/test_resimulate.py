"""Restored and showered again: the same hard event every time, and nothing else remembered."""

from dataclasses import replace

import numpy as np
import pytest
import pythia8mc
from scipy.stats import ks_2samp

from rs3l_data.chain import selection
from rs3l_data.describe.schema import Status
from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import hard_settings, view_settings
from rs3l_data.errors import GeneratorError
from rs3l_data.jet_table import batch_table
from rs3l_data.simulate import resimulate as module
from rs3l_data.simulate.initiators import find_rows
from rs3l_data.simulate.pythia import initialise, initialised, prepared
from rs3l_data.simulate.record import read, stable
from rs3l_data.simulate.resimulate import batch_of, resimulate, shower_records
from rs3l_data.simulate.restore import RestoredEvents, restored
from rs3l_data.stopwatch import no_stopwatch
from tests.data.conftest import PROCESSES, make_config, momenta_of
from tests.data.simulate.showered import ENERGY, batches, events_of, leading_jets

SHOWERS = ("nominal", "fsr_down", "a14", "vincia_global")


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("view", SHOWERS)
def test_every_view_starts_from_the_same_hard_partons(config, hard_of, process, view):
    n = 20 if view == "vincia_global" else 50
    hard = hard_of(process)[:n]
    seeds = shower_seeds(config.seed, process, view, hard.events["event"])
    pythia, source = restored(view_settings(config, process, view), hard, ENERGY, seeds)
    # Vincia puts light quarks on massless shells.
    tolerance = 1e-5 if "vincia" in view else 1e-9
    while source.played < n:
        event = source.played
        assert pythia.next()
        first, last = hard.offsets[event], hard.offsets[event + 1]
        saved = momenta_of(hard.particles, slice(first, last))
        root = np.flatnonzero(np.isin(hard.particles["mother1"][first:last], (1, 2, 3)))
        record = [pythia.event[int(i) + 3] for i in root]
        shown = np.array([[p.px(), p.py(), p.pz(), p.e()] for p in record])
        assert [p.id() for p in record] == hard.particles["pdg_id"][first:last][root].tolist()
        np.testing.assert_allclose(shown, saved[root], rtol=0, atol=tolerance * saved[:, 3].max())


@pytest.mark.parametrize("view", SHOWERS)
def test_energy_momentum_and_charge_are_conserved(config, hard_of, view):
    import particle.pdgid

    found = batches(config, "top", hard_of("top")[:20], view)
    for event in events_of(found):
        np.testing.assert_allclose(event.sum(axis=0), [0, 0, 0, ENERGY], atol=0.05)
    ids = found[0].particles.pdg_id
    charge = sum(particle.pdgid.charge(int(code)) for code in ids)
    assert charge == pytest.approx(2 * 20)


@pytest.mark.parametrize("process", ["qcd", "top"])
def test_an_event_depends_on_nothing_before_it(config, hard_of, process, monkeypatch):
    hard = hard_of(process)[:40]
    whole = events_of(batches(config, process, hard))
    monkeypatch.setattr(module, "BATCH", 7)
    in_sevens = events_of(batches(config, process, hard))
    part = events_of(batches(config, process, hard[25:33]))
    alone = events_of(batches(config, process, hard[39:40]))
    for event, expected in enumerate(whole):
        np.testing.assert_array_equal(in_sevens[event], expected)
    for event, expected in zip(part, whole[25:33], strict=True):
        np.testing.assert_array_equal(event, expected)
    np.testing.assert_array_equal(alone[0], whole[39])


@pytest.mark.parametrize("way", ["doShoving", "doFlavour"])
def test_ropes_depend_on_nothing_before_them(config, hard_of, way):
    """Unlike their `doBuffon`, which is refused for that."""
    hard = hard_of("qcd")[:12]
    seeds = shower_seeds(config.seed, "qcd", "nominal", hard.events["event"])
    plain = [
        *view_settings(config, "qcd", "nominal"),
        *("PartonVertex:setVertex = on", "PartonVertex:randomPlane = off"),
    ]
    ropes = [*plain, "Ropewalk:RopeHadronization = on", f"Ropewalk:{way} = on"]
    whole, late, without = (
        events_of(views[0] for views in resimulate(lines, hard[first:], ENERGY, seeds[first:]))
        for lines, first in ((ropes, 0), (ropes, 5), (plain, 0))
    )
    assert all(map(np.array_equal, whole[5:], late))
    assert not all(map(np.array_equal, whole, without))


def test_views_differ_in_their_random_numbers_even_with_the_same_settings(config, hard_of):
    hard = hard_of("hbb")[:3]
    nominal = events_of(batches(config, "hbb", hard))
    seed = events_of(batches(config, "hbb", hard, "seed"))
    first, second = (view_settings(config, "hbb", name) for name in ("nominal", "seed"))
    assert first == second
    assert all(
        len(a) != len(b) or not np.array_equal(a, b) for a, b in zip(nominal, seed, strict=True)
    )


@pytest.mark.parametrize("view", ["nominal", "vincia_global"])
def test_a_parton_is_not_taken_for_what_it_radiates(config, hard_of, view):
    """Vincia marks some radiation of final partons as initial-state radiation."""
    hard = hard_of("qcd")[:30]
    (batch,) = batches(config, "qcd", hard, view)
    outgoing = hard.particles["status"] == 23
    before = np.hypot(hard.particles["px"], hard.particles["py"])[outgoing]
    after = np.hypot(*batch.hard_momenta[outgoing, :2].T)
    assert np.mean(after < 0.5 * before) < 0.05


@pytest.mark.parametrize("view", SHOWERS)
@pytest.mark.parametrize("process", ["hbb", "top", "wqq", "zqq"])
def test_initiators_and_decay_products_are_found_in_the_view(config, hard_of, process, view):
    n = 15 if view == "vincia_global" else 40
    hard = hard_of(process)[:n]
    (batch,) = batches(config, process, hard, view)
    status = hard.particles["status"]
    assert np.isfinite(batch.hard_momenta[status != -21]).all()
    event = np.repeat(np.arange(n), np.diff(hard.offsets))
    mother = hard.offsets[event] + hard.particles["mother1"] - 3
    resonances = np.flatnonzero(status == -22)
    assert {*event[resonances]} == {*range(n)}
    for decayed in resonances:
        daughters = np.flatnonzero((mother == decayed) & (event == event[decayed]))
        assert len(daughters) == 2
        total = batch.hard_momenta[daughters].sum(axis=0)
        # A W from a top has moved by the recoil of the b's radiation.
        tolerance = 0.4 if abs(hard.particles["pdg_id"][decayed]) == 6 else 1e-3
        expected = batch.hard_momenta[decayed]
        np.testing.assert_allclose(total, expected, rtol=0, atol=tolerance * total[3])


def one_pass(process, n):
    """Pythia in one go, as anyone would run it: batches of stable particles."""
    settings = hard_settings(make_config(), process)
    settings.remove("PartonLevel:all = off")
    pythia = initialised([*settings, *CYLINDER])
    while n > 0:
        events = pythia.nextBatch(min(n, 100), "none")
        yield stable(read(events))
        n -= 100


CYLINDER = [
    line
    for line in view_settings(make_config(), "qcd", "nominal")
    if line.startswith("ParticleDecays:")
]


@pytest.mark.parametrize("process", ["qcd", "hbb", "top"])
def test_restored_events_are_distributed_as_pythia_in_one_pass(process):
    from rs3l_data.chain import hard_chunk

    n = 500
    config = make_config(events=n, hard={"chunk_events": n, "abs_eta_max": 100})
    hard, _ = hard_chunk(config, process, 0, lambda _: None)
    restored_jets = [leading_jets(batch.particles) for batch in batches(config, process, hard)]
    direct_jets = [leading_jets(particles) for particles in one_pass(process, n)]
    for ours, direct in zip(
        map(np.concatenate, zip(*restored_jets, strict=True)),
        map(np.concatenate, zip(*direct_jets, strict=True)),
        strict=True,
    ):
        # Three observables of three processes: one chance in a hundred that any falls below.
        assert ks_2samp(ours, direct).pvalue > 1e-3


def test_an_event_that_pythia_gives_up_leaves_the_others_in_step(config, hard_of):
    """Provoked with a hook that vetoes every third event after its parton level."""

    class Veto(pythia8mc.UserHooks):
        def canVetoPartonLevel(self):  # noqa: N802
            return True

        def doVetoPartonLevel(self, _):  # noqa: N802
            return source.played % 3 == 0

    hard = hard_of("qcd")[:9]
    seeds = shower_seeds(config.seed, "qcd", "nominal", hard.events["event"])
    # The settings decide the initialisation's seed, so both runs have the same.
    settings = [*view_settings(config, "qcd", "nominal"), "Check:abortIfVeto = on"]
    pythia, source = restored(settings, hard, ENERGY, seeds)
    complete = stable(read(pythia.nextBatch(9, "none")))

    pythia = prepared(settings)
    source, veto = RestoredEvents(pythia, hard, ENERGY, seeds), Veto()
    pythia.setLHAupPtr(source)
    pythia.setUserHooksPtr(veto)
    initialise(pythia)
    records = read(pythia.nextBatch(9, "none"))
    assert records.generated.tolist() == [True, True, False] * 3
    particles = stable(records)
    for event, made in enumerate(records.generated):
        first, last = particles.offsets[event : event + 2]
        if not made:
            assert first == last
            continue
        begin, end = complete.offsets[event : event + 2]
        np.testing.assert_array_equal(particles.px[first:last], complete.px[begin:end])


def test_a_restored_event_has_the_couplings_and_densities_of_the_saved_one(config, hard_of):
    hard = hard_of("qcd")[:5]
    seeds = shower_seeds(config.seed, "qcd", "nominal", hard.events["event"])
    pythia, _ = restored(view_settings(config, "qcd", "nominal"), hard, ENERGY, seeds)
    for event in range(5):
        assert pythia.next()
        info = pythia.infoPython()
        found = {
            **{"alpha_s": info.alphaS(), "alpha_em": info.alphaEM()},
            **{"pdf1": info.pdf1(), "pdf2": info.pdf2(), "x1": info.x1(), "x2": info.x2()},
            **{"id1": info.id1(), "id2": info.id2()},
        }
        for name, value in found.items():
            assert value == pytest.approx(hard.events[name][event], rel=1e-9), name
    assert not np.allclose(hard.events["pdf1"], hard.events["pdf2"])


HOPELESS = "Check:epTolErr = 0."
"""No event conserves energy and momentum to the last bit, so Pythia gives all of them up."""


def test_a_batch_without_any_event_is_marked_as_failed(config, hard_of):
    hard = hard_of("qcd")[:1]
    settings = [*view_settings(config, "qcd", "nominal"), HOPELESS]
    ((batch,),) = resimulate(settings, hard, ENERGY, np.array([5]))
    assert batch.generated.tolist() == [False]
    assert batch.particles.offsets.tolist() == [0, 0]
    assert np.isnan(batch.hard_momenta).all()
    rows = find_rows(hard, selection(config, "qcd"))
    card, keys = config.card("nominal"), np.array([1], np.uint64)
    table = batch_table(config.jets, card, batch, rows, keys, None, no_stopwatch)
    assert set(table.jets["status"].tolist()) == {Status.GENERATOR_FAILED}


def test_vertices_of_partons_leave_the_hard_process_as_it_is(hard_of):
    """By default Pythia then turns the event about the beam, out of step with what was saved."""
    vertices = {"nominal": {"variation": ["PartonVertex:setVertex = on"]}}
    config = make_config(views=vertices)
    hard = hard_of("qcd")[:20]
    made = np.concatenate([batch.generated for batch in batches(config, "qcd", hard)])
    assert made.all()


def test_a_shower_with_weights_is_refused(config, hard_of):
    biased = ["Enhancements:doEnhance = on", "EnhancedSplittings:List = {fsr:G2QQ=20.}"]
    settings = [*view_settings(config, "qcd", "nominal"), *biased]
    seeds = shower_seeds(config.seed, "qcd", "nominal", np.arange(20))
    with pytest.raises(GeneratorError, match=r"gives showers of this view weights, .* of event 0,"):
        list(resimulate(settings, hard_of("qcd")[:20], ENERGY, seeds))


def test_a_last_batch_that_fails_leaves_the_others(config, hard_of, monkeypatch):
    """Events of one seed fail alone, whatever is in their batch."""
    monkeypatch.setattr(module, "BATCH", 4)
    hard = hard_of("qcd")[:16]
    seeds = shower_seeds(config.seed, "qcd", "nominal", hard.events["event"])
    strict = [*view_settings(config, "qcd", "nominal"), "Check:epTolErr = 1e-13"]
    made = np.concatenate([views[0].generated for views in resimulate(strict, hard, ENERGY, seeds)])
    assert 0 < made.sum() < 16
    # The failed events again, behind those that succeed and each in a batch of its own.
    monkeypatch.setattr(module, "BATCH", 1)
    found = [views[0].generated for views in resimulate(strict, hard, ENERGY, seeds)]
    np.testing.assert_array_equal(np.concatenate(found), made)


def test_a_job_that_delivers_nothing_says_why(config, hard_of):
    hard = hard_of("qcd")[:5]
    seeds = shower_seeds(config.seed, "qcd", "nominal", hard.events["event"])
    settings = [*view_settings(config, "qcd", "nominal"), HOPELESS]
    with pytest.raises(GeneratorError, match="none of 5 events in the shower") as caught:
        list(resimulate(settings, hard, ENERGY, seeds))
    assert "energy-momentum not conserved" in str(caught.value)
    assert "generator.settings" in str(caught.value)


@pytest.mark.parametrize("name", ["px", "py", "pz"])
def test_another_hard_event_than_the_saved_one_is_told(config, hard_of, name):
    hard = hard_of("qcd")[:4]
    seeds = shower_seeds(config.seed, "qcd", "nominal", hard.events["event"])
    settings = view_settings(config, "qcd", "nominal")
    ((_, showers),) = shower_records(settings, hard, ENERGY, seeds)
    records = next(showers)
    first_outgoing = hard.offsets[2] + 2

    def moved(share):
        values = hard.particles[name].copy()
        values[first_outgoing] += share * hard.particles["energy"][first_outgoing]
        return replace(hard, particles={**hard.particles, name: values})

    for small in (-5e-5, 5e-5):
        assert batch_of(moved(small), records).generated.all()
    for large in (-2e-4, 2e-4):
        with pytest.raises(GeneratorError, match="event 2: Pythia showered another hard event"):
            batch_of(moved(large), records)


def test_displaced_decays_have_vertices_inside_the_tracker_and_calorimeters(config, hard_of):
    (batch,) = batches(config, "hbb", hard_of("hbb")[:50])
    particles = batch.particles
    radius = np.hypot(particles.x, particles.y)
    assert radius.max() <= config.detector.load().solenoid.radius
    # B hadrons of some 100 GeV fly millimetres, K0_S decimetres.
    assert np.mean(radius > 0.1) > 0.03
    assert np.mean(radius > 50) > 0.01
    assert np.mean(radius == 0) > 0.1
