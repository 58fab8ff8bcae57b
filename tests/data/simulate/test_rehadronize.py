"""Intervention after the shower: partons shared bit for bit, hadrons drawn anew without bias."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from rs3l_data.chain import _hadronization
from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import hadronization_settings, view_settings
from rs3l_data.errors import GeneratorError
from rs3l_data.simulate import resimulate as module
from rs3l_data.simulate.record import read, spread, stable
from rs3l_data.simulate.rehadronize import KeepPartons, Rehadronizer
from rs3l_data.simulate.resimulate import Hadronization, resimulate
from rs3l_data.simulate.restore import restored
from tests.data.conftest import PROCESSES, make_config
from tests.data.showers import shower_tables
from tests.data.simulate.showered import ENERGY, events_of, leading_jets

VIEWS = {
    "nominal": {},
    "again": {"redo": "hadronization", "of": "nominal"},
    "more": {"redo": "hadronization", "of": "nominal"},
    "noise": {"redo": "detector", "of": "nominal"},
}


@pytest.fixture(scope="module")
def run():
    return make_config(views=VIEWS)


def views_of(run, process, hard, names=("again", "more")):
    events = hard.events["event"]
    seeds = shower_seeds(run.seed, process, "nominal", events)
    hadronizations = [_hadronization(run, process, name, events) for name in names]
    found = resimulate(view_settings(run, process, "nominal"), hard, ENERGY, seeds, hadronizations)
    return list(zip(*found, strict=True))


@pytest.mark.parametrize("tune", ["monash", "a14", "cp5"])
@pytest.mark.parametrize("process", PROCESSES)
def test_partons_are_shared_bit_for_bit(hard_of, process, tune):
    run = make_config(views=VIEWS, generator={"tune": tune})
    n = 12
    hard = hard_of(process)[:n]
    seeds = shower_seeds(run.seed, process, "nominal", hard.events["event"])
    keep = KeepPartons()
    pythia, source = restored(view_settings(run, process, "nominal"), hard, ENERGY, seeds, keep)
    parent = read(pythia.nextBatch(n, "none"))
    partons = keep.take()
    assert [*partons] == [*range(n)]
    rehadronizer = Rehadronizer(hadronization_settings(run, process, "again"), ENERGY)
    child = read(rehadronizer([*partons.values()], seeds + 1))
    assert child.generated.all()
    for event, kept in partons.items():
        size = kept.size()
        ours = slice(child.offsets[event], child.offsets[event] + size)
        theirs = slice(parent.offsets[event], parent.offsets[event] + size)
        np.testing.assert_array_equal(child.pdg_id[ours], parent.pdg_id[theirs])
        for a, b in zip(child.momentum, parent.momentum, strict=True):
            np.testing.assert_array_equal(a[ours], b[theirs])
    assert source.played == n


def test_the_parent_does_not_depend_on_its_children(run, hard_of):
    hard = hard_of("top")[:20]
    alone = views_of(run, "top", hard, names=())
    together = views_of(run, "top", hard)
    for a, b in zip(events_of(alone[0]), events_of(together[0]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_hadrons_are_drawn_anew_and_conserve_momentum(run, hard_of):
    parent, again, more = (events_of(view) for view in views_of(run, "qcd", hard_of("qcd")[:20]))
    for events in zip(parent, again, more, strict=True):
        for event in events:
            np.testing.assert_allclose(event.sum(axis=0), [0, 0, 0, ENERGY], atol=0.05)
        assert not np.array_equal(events[0], events[1])
        assert not np.array_equal(events[1], events[2])


def test_an_event_depends_on_nothing_before_it(run, hard_of, monkeypatch):
    hard = hard_of("hbb")[:30]
    whole = events_of(views_of(run, "hbb", hard)[1])
    monkeypatch.setattr(module, "BATCH", 7)
    in_sevens = events_of(views_of(run, "hbb", hard)[1])
    part = events_of(views_of(run, "hbb", hard[11:14], names=("again",))[1])
    for ours, theirs in zip(in_sevens, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(part, whole[11:14], strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("process", ["qcd", "top"])
def test_no_event_fails_and_none_is_distorted(run, hard_of, process):
    """The junctions of the colour reconnection would be lost by the obvious route."""
    parent, again, _ = views_of(run, process, hard_of(process))
    assert np.concatenate([batch.generated for batch in again]).all()
    ours = [leading_jets(batch.particles) for batch in again]
    theirs = [leading_jets(batch.particles) for batch in parent]
    for a, b in zip(zip(*ours, strict=True), zip(*theirs, strict=True), strict=True):
        assert ks_2samp(np.concatenate(a), np.concatenate(b)).pvalue > 1e-3
    multiplicity = [
        np.concatenate([np.diff(batch.particles.offsets) for batch in view])
        for view in (parent, again)
    ]
    # The shower fixes most of it: compare event by event.
    difference = multiplicity[1] - multiplicity[0]
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(len(difference))


def test_a_detector_view_shares_the_particles_and_not_the_noise(run, hard_of):
    tables = shower_tables(run, "wqq", "nominal", hard_of("wqq")[:40], lambda _: None)
    nominal, noise = tables["nominal"].jets, tables["noise"].jets
    both = nominal["present"] & noise["present"]
    assert both.sum() > 30
    for name in ("initiator_pt", "initiator_eta", "initiator_phi"):
        np.testing.assert_array_equal(nominal[name], noise[name])
    difference = noise["pt"][both] / nominal["pt"][both] - 1
    assert np.all(difference != 0)
    assert np.std(difference) < 0.1


def test_events_without_partons_are_marked(run, hard_of):
    hard = hard_of("hbb")[:3]
    (parent,) = views_of(run, "hbb", hard, names=())
    seeds = shower_seeds(run.seed, "hbb", "nominal", hard.events["event"])
    keep = KeepPartons()
    pythia, _ = restored(view_settings(run, "hbb", "nominal"), hard, ENERGY, seeds, keep)
    pythia.nextBatch(3, "none")
    partons = [*keep.take().values()]
    rehadronizer = Rehadronizer(hadronization_settings(run, "hbb", "again"), ENERGY)
    records = read(rehadronizer(partons[1:], seeds[1:]))
    all_three = spread(records, np.array([1, 2]), 3)
    assert all_three.generated.tolist() == [False, True, True]
    particles = stable(all_three)
    assert particles.offsets[1] == 0
    assert particles.n_events == parent[0].particles.n_events == 3


def test_hadronisations_that_all_fail(run, hard_of):
    """Without any partons, with one event that fails, and with nothing but failures."""
    hard = hard_of("hbb")[:3]
    seeds = shower_seeds(run.seed, "hbb", "nominal", hard.events["event"])
    keep = KeepPartons()
    pythia, _ = restored(view_settings(run, "hbb", "nominal"), hard, ENERGY, seeds, keep)
    pythia.nextBatch(3, "none")
    partons = [*keep.take().values()]
    checked = ["Check:event = on", "Check:epTolErr = 0."]
    rehadronizer = Rehadronizer([*hadronization_settings(run, "hbb", "again"), *checked], ENERGY)
    assert len(read(rehadronizer([], seeds[:0])).generated) == 0
    one = spread(read(rehadronizer(partons[:1], seeds[:1])), np.array([2]), 3)
    assert one.generated.tolist() == [False] * 3
    assert stable(one).offsets.tolist() == [0] * 4
    again = Hadronization([*hadronization_settings(run, "hbb", "again"), *checked], seeds)
    with pytest.raises(GeneratorError, match="none of 3 events in the hadronisation"):
        list(resimulate(view_settings(run, "hbb", "nominal"), hard, ENERGY, seeds, [again]))
