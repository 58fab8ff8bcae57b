"""A view through a HepMC3 file: out and in again it is the same."""

import gzip
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain

import numpy as np
import pyhepmc
import pytest

from rs3l_data.chain import initiator_table
from rs3l_data.describe.schema import Status
from rs3l_data.describe.seeds import event_keys, pythia_seeds, shower_seeds
from rs3l_data.describe.settings import hadronization_settings, view_settings
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.exchange import hepmc_in, hepmc_out
from rs3l_data.exchange.hepmc_file import read_events
from rs3l_data.exchange.hepmc_in import _after_initial_state, _find_roots, join
from rs3l_data.exchange.hepmc_out import _mothers, _status, export_hepmc
from rs3l_data.exchange.hepmc_record import NONE, Record, record_of
from rs3l_data.simulate.resimulate import Hadronization, resimulate
from rs3l_data.simulate.restore import restored
from tests.data.exchange.conftest import EXPORTED, N_EXPORTED, run_of
from tests.data.exchange.hepmc_text import events_in, ordered
from tests.data.showers import shower_tables

COLUMNS = ("px", "py", "pz", "energy", "x", "y", "z")


def nominal(process, hard):
    events = hard.events["event"]
    seeds = shower_seeds(EXPORTED.seed, process, "nominal", events)
    keys = event_keys(EXPORTED.seed, process, "hadronization/rehadronized", events)
    again = Hadronization(
        hadronization_settings(EXPORTED, process, "rehadronized"), pythia_seeds(keys)
    )
    ((shower, hadrons),) = resimulate(
        view_settings(EXPORTED, process, "nominal"), hard, 13000.0, seeds, [again]
    )
    return {"nominal": shower, "rehadronized": hadrons}


def stable(batch, event):
    """Species, momenta and vertices of an event's stable particles, in an order of their own."""
    p = batch.particles
    own = slice(p.offsets[event], p.offsets[event + 1])
    columns = [p.pdg_id[own], *(getattr(p, name)[own] for name in COLUMNS)]
    table = np.stack(columns, axis=1)
    return table[np.lexsort(table.T[1:4])]


@pytest.mark.parametrize("process", ["qcd", "top"])
@pytest.mark.parametrize("view", ["nominal", "rehadronized"])
def test_out_and_in_again_gives_the_same_particles(hard_of, exported, process, view):
    hard = hard_of(process)[:N_EXPORTED]
    ours = nominal(process, hard)[view]
    (found,) = join(exported(process, view), hard)
    assert found.generated.all()
    for event in range(N_EXPORTED):
        theirs, mine = stable(found, event), stable(ours, event)
        np.testing.assert_array_equal(theirs[:, :5], mine[:, :5])
        # Hadrons of a string share a vertex there, and in Pythia may differ by a top's flight.
        np.testing.assert_allclose(theirs[:, 5:], mine[:, 5:], rtol=0, atol=1e-9)
    made = hard.particles["status"] != -21
    np.testing.assert_array_equal(found.hard_momenta[made], ours.hard_momenta[made])


def weighted(weight_of):
    """Give each event a weight by its place in the file."""

    def change(lines):
        places = iter(range(N_EXPORTED))
        return [
            b"W %r\n" % weight_of(next(places)) if line.startswith(b"W ") and b"." in line else line
            for line in lines
        ]

    return change


@pytest.mark.parametrize(
    "weight_of", [lambda _: 3.5, lambda i: 0.25 * (i + 1), lambda i: round((i + 1) / 3, 4)]
)
def test_weights_of_the_hard_events_may_come_back(hard_of, changed, weight_of):
    hard = hard_of("top")[:N_EXPORTED]
    hard.events["weight"] = np.array([100.0 * (i + 1) for i in range(N_EXPORTED)])
    ((found),) = join(changed(weighted(weight_of)), hard)
    assert found.generated.all()


def test_weights_of_the_shower_are_refused(hard_of, changed):
    path = changed(weighted(lambda i: 1.0 if i < 3 else 0.5))
    with pytest.raises(
        InputFileError, match=r"changed\.hepmc: event 3: has the weight 0\.5, which"
    ):
        list(join(path, hard_of("top")[:N_EXPORTED]))


def test_the_chain_makes_jets_of_them(hard_of, exported, monkeypatch):
    """The detector's noise is the view's own, so the jets agree as two detectors do."""
    path = exported(name="{process}.hepmc")
    monkeypatch.chdir(path.parent)
    hard = hard_of("top")[:N_EXPORTED]
    ours = shower_tables(EXPORTED, "top", "nominal", hard, lambda _: None)["resmeared"]
    theirs = shower_tables(EXPORTED, "top", "elsewhere", hard, lambda _: None)["elsewhere"]
    both = ours.jets["present"] & theirs.jets["present"]
    assert both.sum() > N_EXPORTED
    for name in ("initiator_pt", "initiator_eta", "initiator_phi"):
        np.testing.assert_array_equal(theirs.jets[name], ours.jets[name])
    response = theirs.jets["pt"][both] / ours.jets["pt"][both]
    assert np.abs(response - 1).max() < 0.25
    assert abs(np.median(response) - 1) < 0.08


def test_the_record_is_pythias(hard_of, exported):
    hard = hard_of("top")[:N_EXPORTED]
    seeds = shower_seeds(EXPORTED.seed, "top", "nominal", hard.events["event"])
    pythia, _ = restored(view_settings(EXPORTED, "top", "nominal"), hard, 13000.0, seeds)
    assert pythia.next()
    record = pythia.event
    _, event = next(read_events(exported(), range(N_EXPORTED)))
    assert len(event.particles) == record.size() - 1
    for i in range(1, record.size()):
        p = record[i]
        mothers = [m for m in p.motherList() if m > 0]
        assert _mothers((p.mother1(), p.mother2(), p.status())) == mothers
    masses = [record[i].m() for i in range(1, record.size())]
    assert sorted(p.generated_mass for p in event.particles) == pytest.approx(sorted(masses))
    assert sorted(p.pid for p in event.beams) == [2212, 2212]
    assert {p.status for p in event.beams} == {4}
    # Decays of hadrons conserve momentum, so no daughter has gone to another mother.
    found = record_of(event)
    n_decays = 0
    for particle in np.flatnonzero((found.status == 2) & (np.abs(found.pdg_id) > 100)):
        daughters = found.daughters(int(particle))
        total = found.momentum[daughters].sum(axis=0)
        np.testing.assert_allclose(total, found.momentum[particle], atol=1e-4)
        n_decays += 1
    assert n_decays > 50


def test_events_tell_the_cross_section_in_pb(exported):
    for _, event in read_events(exported(), range(N_EXPORTED)):
        told = event.cross_section
        assert told.xsec(0) == pytest.approx(200)
        assert told.xsec_err(0) == pytest.approx(3)
        assert (told.accepted_events, told.attempted_events) == (600, 900)


@pytest.mark.parametrize(
    ("line", "mothers"),
    [
        ((0, 0, -12), []),
        ((3, 0, -41), [3]),
        ((3, 3, -52), [3]),
        ((7, 3, -44), [3, 7]),
        ((3, 6, -80), [3, 6]),
        ((3, 6, 81), [3, 4, 5, 6]),
        ((3, 6, -89), [3, 4, 5, 6]),
        ((3, 6, 91), [3, 6]),
        ((3, 5, 101), [3, 4, 5]),
        ((3, 5, 106), [3, 4, 5]),
    ],
)
def test_hadrons_have_all_of_a_string_as_mothers(line, mothers):
    assert _mothers(line) == mothers


@pytest.mark.parametrize(
    ("pdg_id", "pythias", "status"),
    [
        (211, 91, 1),
        (2212, -12, 4),
        (21, -21, 21),
        (2103, -63, 63),
        (-511, -83, 2),
        (-13, -91, 2),
        (15, -23, 2),
        (11, -51, 51),
    ],
)
def test_status_codes_are_hepmcs(pdg_id, pythias, status):
    assert _status(pdg_id, pythias) == status


def test_events_keep_their_numbers_and_weights(hard_of, tmp_path, monkeypatch):
    """And one that the generator gives up is left out."""

    def given_up(*arguments):
        for part, made in records(*arguments):
            made.generated[1] = False
            yield part, made

    records = hepmc_out._records
    monkeypatch.setattr(hepmc_out, "_records", given_up)
    hard, path, done = hard_of("qcd")[2:5], tmp_path / "few.hepmc3.gz", []
    hard.events["weight"] = np.array([2.5, 1.0, -1.25])
    path.write_bytes(b"another export")
    export_hepmc(EXPORTED, run_of("qcd"), "nominal", hard, path, done.append)
    found = [(number, list(event.weights)) for number, event in read_events(path, range(2, 5))]
    assert found == [(2, [2.5]), (4, [-1.25])]
    assert done == [3]


def test_gzip_is_the_same_and_reproducible(exported):
    plain = exported()
    packed = exported(name="packed.hepmc.gz")
    again = exported(name="again.hepmc.gz")
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes() == again.read_bytes()


def test_units_and_the_primary_vertex_do_not_matter(hard_of, exported, tmp_path):
    hard = hard_of("top")[:N_EXPORTED]
    path = tmp_path / "moved.hepmc"
    with pyhepmc.open(path, "w") as file:
        for _, event in read_events(exported(), range(N_EXPORTED)):
            for vertex in event.vertices:
                x, y, z, t = vertex.position
                vertex.position = (x + 0.1, y - 0.2, z + 30.0, t)
            event.set_units(pyhepmc.Units.MEV, pyhepmc.Units.CM)
            file.write(event)
    assert b"U MEV CM" in path.read_bytes()
    (expected,), (found,) = join(exported(), hard), join(path, hard)
    for event in range(N_EXPORTED):
        np.testing.assert_allclose(stable(found, event), stable(expected, event), atol=1e-9)


def test_a_vertex_without_a_position_stands_where_its_mother_began():
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    line = [pyhepmc.GenParticle((0, 0, k, k), 25 + k, 2 if k < 4 else 1) for k in range(5)]
    places = [(0, 0, 0, 0), (1, 2, 3, 0), (0, 0, 0, 0), (0, 0, 0, 0)]
    for before, after, place in zip(line[:-1], line[1:], places, strict=True):
        vertex = pyhepmc.GenVertex(place)
        vertex.add_particle_in(before)
        vertex.add_particle_out(after)
        event.add_vertex(vertex)
    record = record_of(event)
    order = np.argsort(record.pdg_id)
    positions = record.beginnings(order)
    np.testing.assert_array_equal(positions, [[0, 0, 0], [0, 0, 0]] + [[1, 2, 3]] * 3)
    assert [record.daughters(at).tolist() for at in order] == [[at] for at in order[1:]] + [[]]


def test_records_with_other_status_codes_are_followed(hard_of, exported, tmp_path):
    """Programs but Pythia call everything between beams and final state 11 or so."""
    hard = hard_of("top")[:N_EXPORTED]
    path = tmp_path / "plain.hepmc"
    with pyhepmc.open(path, "w") as file:
        for _, event in read_events(exported(), range(N_EXPORTED)):
            for particle in event.particles:
                particle.status = min(particle.status, 11)
            file.write(event)
    (found,), (expected,) = join(path, hard), join(exported(), hard)
    resonances = hard.particles["status"] == -22
    np.testing.assert_array_equal(found.hard_momenta[resonances], expected.hard_momenta[resonances])


@pytest.mark.parametrize(("of_copies", "last"), [((11, 11), 1), ((44, 51), 1), ((51, 51), 0)])
def test_a_parton_is_followed_to_where_it_branches_or_is_past_initial_state(of_copies, last):
    """Other programs' status codes do not tell where final-state radiation begins."""
    record = Record(
        pdg_id=np.array([1, 1, 1, 21], np.int32),
        status=np.array([23, *of_copies, 11], np.int32),
        momentum=np.zeros((4, 4)),
        production=np.array([NONE, 0, 1, 1]),
        end=np.array([0, 1, NONE, NONE]),
        position=np.zeros((2, 3)),
    )
    assert _after_initial_state(record, 0) == last


@pytest.mark.parametrize("between", [[], [b"\n", b" \n"]])
def test_files_that_follow_one_another_in_one_are_all_read(hard_of, exported, changed, between):
    """As `cat` makes them of the files of several jobs; pyhepmc reads them as one, too."""

    def cut_and_joined(lines):
        head, events, end = events_in(lines)
        first, second = (list(chain(*part)) for part in (events[:2], events[2:]))
        return [*head, *first, *end, *between, *head, *second, *end, *between]

    hard = hard_of("top")[:N_EXPORTED]
    (expected,), (found,) = join(exported(), hard), join(changed(cut_and_joined), hard)
    assert found.generated.all()
    for event in range(N_EXPORTED):
        np.testing.assert_array_equal(stable(found, event), stable(expected, event))


def test_batches_find_their_own_events(hard_of, exported, changed, monkeypatch, caplog):
    hard = hard_of("top")[:N_EXPORTED]
    (whole,) = join(exported(), hard)
    monkeypatch.setattr(hepmc_in, "BATCH", 2)
    batches = list(join(changed(ordered([0, 2, 3, 5])), hard))
    there = [[True, False], [True, True], [False, True]]
    assert [batch.generated.tolist() for batch in batches] == there
    for first, batch in zip((0, 2, 4), batches, strict=True):
        for row, generated in enumerate(batch.generated):
            particles = stable(batch, row)
            expected = stable(whole, first + row) if generated else particles[:0]
            np.testing.assert_array_equal(particles, expected)
            own = batch.hard_momenta[batch.hard.offsets[row] : batch.hard.offsets[row + 1]]
            assert np.isnan(own).all() != generated
    assert "2 of 6 events are missing in it" in caplog.text


@pytest.mark.parametrize(
    ("off", "same"),
    [
        ([0, 0, 0, 5e-5], True),
        ([5e-5, 5e-5, 5e-5, 0], True),
        ([1e-3, 0, 0, 0], False),
        ([0, 0, 0, 1e-3], False),
    ],
)
def test_partons_may_be_on_another_mass_shell(hard_of, exported, off, same):
    """By shares of their energies."""
    hard, path = hard_of("top")[:1], exported()
    _, event = next(read_events(path, range(1)))
    record = record_of(event)
    moved = replace(record, momentum=record.momentum + record.momentum[:, 3:] * off)
    with nullcontext() if same else pytest.raises(InputFileError, match=r"from another hard event"):
        _find_roots(hard, moved, path)


def test_missing_events_are_marked_in_their_rows(hard_of, changed, monkeypatch, caplog):
    path = changed(ordered([0, 1, 4, 5]), "top.hepmc")
    monkeypatch.chdir(path.parent)
    hard = hard_of("top")[:N_EXPORTED]
    table = shower_tables(EXPORTED, "top", "elsewhere", hard, lambda _: None)["elsewhere"]
    event = initiator_table(EXPORTED, "top", hard).columns["event"]
    failed = table.jets["status"] == Status.GENERATOR_FAILED
    np.testing.assert_array_equal(failed, np.isin(event, [2, 3]))
    assert not table.jets["present"][failed].any()
    assert "2 of 6 events are missing in it" in caplog.text


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([0, 2, 1, 3, 4, 5], "event 1 comes after event 2"),
        ([0, 1, 1, 2, 3, 4, 5], "event 1 comes twice"),
        ([0, 1, 2, 3, 4, 5, 0], "event 0 comes after event 5"),
    ],
)
def test_events_out_of_order_are_named(hard_of, changed, order, message):
    path = changed(ordered(order))
    with pytest.raises(InputFileError, match=message):
        list(join(path, hard_of("top")[:3]))


def test_a_chunk_finds_its_events_and_another_files_are_told(hard_of, exported):
    (batch,) = join(exported(), hard_of("top")[2:5])
    assert batch.hard.events["event"].tolist() == [2, 3, 4]
    assert batch.generated.all()
    with pytest.raises(InputFileError, match="none of the events 6 to 8: it ends with event 5"):
        list(join(exported(), hard_of("top")[6:9]))


def test_another_hard_event_is_refused(hard_of, exported, changed):
    with pytest.raises(InputFileError, match=r"event 0: starts from another hard event.* no -?\d"):
        list(join(exported("qcd"), hard_of("top")[:N_EXPORTED]))

    def renumbered(lines):
        """As of a program that counts from 1."""
        return [
            b"E %d " % (int(line.split()[1]) + 1) + line.split(b" ", 2)[2]
            if line.startswith(b"E ")
            else line
            for line in lines
        ]

    with pytest.raises(InputFileError, match="event 1: starts from another hard event"):
        list(join(changed(renumbered), hard_of("top")[:N_EXPORTED]))


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("resmeared", "shares the particles of 'nominal'; export that one"),
        ("elsewhere", "comes from a HepMC file"),
    ],
)
def test_views_without_particles_of_their_own_are_not_exported(hard_of, tmp_path, view, message):
    hard = hard_of("top")[:1]
    with pytest.raises(ConfigError, match=message):
        export_hepmc(EXPORTED, run_of("top"), view, hard, tmp_path / "x", lambda _: None)


def test_no_file_of_another_kind_is_overwritten(hard_of, tmp_path):
    out = tmp_path / "hard.h5"
    out.write_bytes(b"hard events")
    with pytest.raises(ConfigError, match=r"hard\.h5: is there and no HepMC3 file by its name"):
        export_hepmc(EXPORTED, run_of("top"), "nominal", hard_of("top")[:1], out, lambda _: None)
    assert out.read_bytes() == b"hard events"
