"""A view through a HepMC3 file: out and in again it is the same, and nothing broken gets in."""

import gzip
from functools import cache
from itertools import chain, pairwise

import numpy as np
import pyhepmc
import pytest

from rs3l_data.chain import initiator_table
from rs3l_data.describe.schema import Status
from rs3l_data.describe.seeds import event_keys, pythia_seeds, shower_seeds
from rs3l_data.describe.settings import hadronization_settings, view_settings
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.exchange.hepmc_file import read_events
from rs3l_data.exchange.hepmc_in import join
from rs3l_data.exchange.hepmc_out import _mothers, export_hepmc
from rs3l_data.exchange.hepmc_record import record_of
from rs3l_data.simulate.resimulate import Hadronization, resimulate
from rs3l_data.simulate.restore import restored
from tests.data.conftest import make_config
from tests.data.exchange.conftest import VIEWS
from tests.data.showers import shower_tables

N = 6
CONFIG = make_config(views={**VIEWS, "elsewhere": {"hepmc": "{process}.hepmc"}})
COLUMNS = ("px", "py", "pz", "energy", "x", "y", "z")


@pytest.fixture(scope="module")
def exported(hard_of, tmp_path_factory):
    """Export a view of the first events of a process; gives the file."""
    folder = tmp_path_factory.mktemp("hepmc")

    @cache
    def make(process="top", view="nominal", name="{process}-{view}.hepmc"):
        path = folder / name.format(process=process, view=view)
        export_hepmc(CONFIG, process, view, hard_of(process)[:N], path, lambda _: None)
        return path

    return make


@pytest.fixture
def changed(exported, tmp_path):
    """Give the exported file of top quarks with its lines changed."""

    def make(change, name="changed.hepmc"):
        lines = change(exported().read_bytes().splitlines(keepends=True))
        (tmp_path / name).write_bytes(b"".join(lines))
        return tmp_path / name

    return make


def nominal(process, hard):
    events = hard.events["event"]
    seeds = shower_seeds(CONFIG.seed, process, "nominal", events)
    keys = event_keys(CONFIG.seed, process, "hadronization/rehadronized", events)
    again = Hadronization(
        hadronization_settings(CONFIG, process, "rehadronized"), pythia_seeds(keys)
    )
    ((shower, hadrons),) = resimulate(
        view_settings(CONFIG, process, "nominal"), hard, 13000.0, seeds, [again]
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
    hard = hard_of(process)[:N]
    ours = nominal(process, hard)[view]
    (found,) = join(exported(process, view), hard)
    assert found.generated.all()
    for event in range(N):
        theirs, mine = stable(found, event), stable(ours, event)
        np.testing.assert_array_equal(theirs[:, :5], mine[:, :5])
        # Hadrons of a string share a vertex there, and in Pythia may differ by a top's flight.
        np.testing.assert_allclose(theirs[:, 5:], mine[:, 5:], rtol=0, atol=1e-9)
    made = hard.particles["status"] != -21
    np.testing.assert_array_equal(found.hard_momenta[made], ours.hard_momenta[made])


def weighted(weight_of):
    """Give each event a weight by its place in the file."""

    def change(lines):
        places = iter(range(N))
        return [
            b"W %r\n" % weight_of(next(places)) if line.startswith(b"W ") and b"." in line else line
            for line in lines
        ]

    return change


@pytest.mark.parametrize("weight_of", [lambda _: 3.5, lambda i: 0.25 * (i + 1)])
def test_weights_of_the_hard_events_may_come_back(hard_of, changed, weight_of):
    hard = hard_of("top")[:N]
    hard.events["weight"] = np.array([100.0 * (i + 1) for i in range(N)])
    ((found),) = join(changed(weighted(weight_of)), hard)
    assert found.generated.all()


def test_weights_of_the_shower_are_refused(hard_of, changed):
    path = changed(weighted(lambda i: 1.0 if i < 3 else 0.5))
    with pytest.raises(
        InputFileError, match=r"changed\.hepmc: event 3: has the weight 0\.5, which"
    ):
        list(join(path, hard_of("top")[:N]))


def test_the_chain_makes_jets_of_them(hard_of, exported, monkeypatch):
    """The detector's noise is the view's own, so the jets agree as two detectors do."""
    path = exported(name="{process}.hepmc")
    monkeypatch.chdir(path.parent)
    hard = hard_of("top")[:N]
    ours = shower_tables(CONFIG, "top", "nominal", hard, lambda _: None)["resmeared"]
    theirs = shower_tables(CONFIG, "top", "elsewhere", hard, lambda _: None)["elsewhere"]
    both = ours.jets["present"] & theirs.jets["present"]
    assert both.sum() > N
    for name in ("initiator_pt", "initiator_eta", "initiator_phi"):
        np.testing.assert_array_equal(theirs.jets[name], ours.jets[name])
    response = theirs.jets["pt"][both] / ours.jets["pt"][both]
    assert np.abs(response - 1).max() < 0.25
    assert abs(np.median(response) - 1) < 0.08


def test_the_record_is_pythias(hard_of, exported):
    hard = hard_of("top")[:N]
    seeds = shower_seeds(CONFIG.seed, "top", "nominal", hard.events["event"])
    pythia, _ = restored(view_settings(CONFIG, "top", "nominal"), hard, 13000.0, seeds)
    assert pythia.next()
    record = pythia.event
    _, event = next(read_events(exported(), range(N)))
    assert len(event.particles) == record.size() - 1
    for i in range(1, record.size()):
        p = record[i]
        mothers = [m for m in p.motherList() if m > 0]
        assert _mothers((p.mother1(), p.mother2(), p.status())) == mothers
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


def test_gzip_is_the_same_and_reproducible(exported):
    plain = exported()
    packed = exported(name="packed.hepmc.gz")
    again = exported(name="again.hepmc.gz")
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes() == again.read_bytes()


def test_units_and_the_primary_vertex_do_not_matter(hard_of, exported, tmp_path):
    hard = hard_of("top")[:N]
    path = tmp_path / "moved.hepmc"
    with pyhepmc.open(path, "w") as file:
        for _, event in read_events(exported(), range(N)):
            for vertex in event.vertices:
                x, y, z, t = vertex.position
                vertex.position = (x + 0.1, y - 0.2, z + 30.0, t)
            event.set_units(pyhepmc.Units.MEV, pyhepmc.Units.CM)
            file.write(event)
    assert b"U MEV CM" in path.read_bytes()
    (expected,), (found,) = join(exported(), hard), join(path, hard)
    for event in range(N):
        np.testing.assert_allclose(stable(found, event), stable(expected, event), atol=1e-9)


def test_a_vertex_without_a_position_stands_where_its_mother_began(tmp_path):
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


def test_records_with_other_status_codes_are_followed(hard_of, exported, tmp_path):
    """Programs but Pythia call everything between beams and final state 11 or so."""
    hard = hard_of("top")[:N]
    path = tmp_path / "plain.hepmc"
    with pyhepmc.open(path, "w") as file:
        for _, event in read_events(exported(), range(N)):
            for particle in event.particles:
                particle.status = min(particle.status, 11)
            file.write(event)
    (found,), (expected,) = join(path, hard), join(exported(), hard)
    resonances = hard.particles["status"] == -22
    np.testing.assert_array_equal(found.hard_momenta[resonances], expected.hard_momenta[resonances])


def events_in(lines):
    """Split lines into header, events and end."""
    starts = [i for i, line in enumerate(lines) if line.startswith(b"E ")] + [len(lines) - 1]
    while not lines[starts[-1]].startswith(b"HepMC::Asciiv3-END"):
        starts[-1] -= 1
    cuts = [lines[a:b] for a, b in pairwise(starts)]
    return lines[: starts[0]], cuts, lines[starts[-1] :]


def ordered(order):
    def change(lines):
        head, events, end = events_in(lines)
        return head + [line for i in order for line in events[i]] + end

    return change


@pytest.mark.parametrize("between", [[], [b"\n", b" \n"]])
def test_files_that_follow_one_another_in_one_are_all_read(hard_of, exported, changed, between):
    """As `cat` makes them of the files of several jobs; pyhepmc reads them as one, too."""

    def cut_and_joined(lines):
        head, events, end = events_in(lines)
        first, second = (list(chain(*part)) for part in (events[:2], events[2:]))
        return [*head, *first, *end, *between, *head, *second, *end, *between]

    hard = hard_of("top")[:N]
    (expected,), (found,) = join(exported(), hard), join(changed(cut_and_joined), hard)
    assert found.generated.all()
    for event in range(N):
        np.testing.assert_array_equal(stable(found, event), stable(expected, event))


def test_missing_events_are_marked_in_their_rows(hard_of, changed, monkeypatch, caplog):
    path = changed(ordered([0, 1, 4, 5]), "top.hepmc")
    monkeypatch.chdir(path.parent)
    hard = hard_of("top")[:N]
    table = shower_tables(CONFIG, "top", "elsewhere", hard, lambda _: None)["elsewhere"]
    event = initiator_table(CONFIG, "top", hard).columns["event"]
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
        list(join(exported("qcd"), hard_of("top")[:N]))

    def renumbered(lines):
        """As of a program that counts from 1."""
        return [
            b"E %d " % (int(line.split()[1]) + 1) + line.split(b" ", 2)[2]
            if line.startswith(b"E ")
            else line
            for line in lines
        ]

    with pytest.raises(InputFileError, match="event 1: starts from another hard event"):
        list(join(changed(renumbered), hard_of("top")[:N]))


def test_a_particle_that_descends_from_itself_is_told(hard_of, tmp_path):
    """To follow it to its last copy would take forever."""
    hard = hard_of("top")[:1]
    made = np.flatnonzero((hard.particles["status"] == -22) & (hard.particles["mother1"] == 3))
    columns = ("pdg_id", "px", "py", "pz", "energy", "mass")
    tops = [[repr(hard.particles[name][at].item()) for name in columns] for at in made]
    lines = [
        *("HepMC::Version 3.02.05", "HepMC::Asciiv3-START_EVENT_LISTING"),
        *("E 0 2 4", "U GEV MM", "W 1.0", "P 1 0 21 0 0 1 1 0 4", "V -1 0 [1,4]"),
        *(f"P {number} -1 {' '.join(top)} 2" for number, top in enumerate(tops, 2)),
        *("V -2 0 [2]", f"P 4 -2 {' '.join(tops[0])} 2", "HepMC::Asciiv3-END_EVENT_LISTING"),
    ]
    path = tmp_path / "loop.hepmc"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputFileError, match=r"event 0: its particle \d descends from itself"):
        list(join(path, hard))


@pytest.mark.parametrize(
    ("number", "found"),
    [("-2093", "found -2093"), ("5", "found 5"), ("-{last}", "found one twice")],
)
def test_a_vertex_with_a_number_that_is_none_is_told(hard_of, changed, number, found):
    """HepMC3 takes it, and the right number for one of another vertex."""

    def renumbered(lines):
        last = next(line.split()[2] for line in lines if line.startswith(b"E ")).decode()
        at = [i for i, line in enumerate(lines) if line.startswith(b"V ")][1]
        rest = lines[at].split(b" ", 2)[2]
        return [*lines[:at], f"V {number} ".format(last=last).encode() + rest, *lines[at + 1 :]]

    with pytest.raises(InputFileError, match=rf"event 0: expected vertices from -1 to .*{found}"):
        list(join(changed(renumbered), hard_of("top")[:N]))


def in_event_3(change):
    def all_of_it(lines):
        head, events, end = events_in(lines)
        events[3] = change(events[3])
        return head + [line for event in events for line in event] + end

    return all_of_it


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ls: [*events_in(ls)[0], *chain(*events_in(ls)[1])], "event 5: truncated"),
        (lambda ls: ls[: len(ls) // 2], r"event \d: truncated"),
        (in_event_3(lambda event: event[:-20]), "event 3: malformed: not the particles"),
        (
            in_event_3(lambda event: [*event[:9], event[9].replace(b"e+", b"x+", 1), *event[10:]]),
            "event 3: malformed: the line 'P",
        ),
        (
            in_event_3(lambda event: [b"E three\n", *event[1:]]),
            "event 2: malformed line b'E three'",
        ),
        (lambda ls: [b"no HepMC\n"] * 20, "its header: expected the line HepMC::Asciiv3-START"),
        (lambda ls: [], "its header: expected the line HepMC::Asciiv3-START"),
        (lambda ls: [b"HepMC::IO_GenEvent-START_EVENT_LISTING\n"], ".*not a HepMC3 file"),
        (lambda ls: [*ls, b"E 6 1 2\n"], "event 5: expected the line .*found b'E 6 1 2"),
        (lambda ls: [*ls, *ls], "event 0 comes after event 5"),
    ],
)
def test_broken_files_are_named(hard_of, changed, change, message, packed):
    path = changed(change)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes(), 1))
    with pytest.raises(InputFileError, match=f"changed.hepmc: {message}"):
        list(join(path, hard_of("top")[:N]))


@pytest.mark.parametrize("px", ["1.2.3", "-", "e5", "1e", "1e999", "--1", "+-1", "1e+5e", "nan"])
def test_a_number_that_is_none_is_told(hard_of, changed, px):
    """HepMC3 reads it as 0, or takes its beginning."""
    with pytest.raises(InputFileError, match="event 0: malformed: the line 'P "):
        list(join(changed(first_px(px)), hard_of("top")[:N]))


@pytest.mark.parametrize("units", [b"U TEV MM", b"U GEV M", b"U GEV", b"U GEV MM CM"])
def test_units_that_are_none_are_told(hard_of, changed, units):
    """HepMC3 takes them for GeV and mm."""
    path = changed(lambda lines: [units + b"\n" if ln[:2] == b"U " else ln for ln in lines])
    with pytest.raises(InputFileError, match=f"event 0: malformed: the line '{units.decode()}'"):
        list(join(path, hard_of("top")[:N]))


@pytest.mark.parametrize("px", ["5", "5.", ".5", "+5.0e0", "5E+000", "5e-300", "-5.5e+05"])
def test_numbers_may_be_written_in_any_way(hard_of, changed, px):
    (found,) = join(changed(first_px(px)), hard_of("top")[:N])
    assert float(px) in found.particles.px


def first_px(px):
    """Change a component of the first stable particle."""

    def change(lines):
        row = next(i for i, line in enumerate(lines) if line[:2] == b"P " and line[-3:] == b" 1\n")
        words = lines[row].split(b" ")
        words[4] = px.encode()
        return [*lines[:row], b" ".join(words), *lines[row + 1 :]]

    return change


def test_broken_gzip_and_missing_files(hard_of, exported, tmp_path):
    hard = hard_of("top")[:N]
    data = gzip.compress(exported().read_bytes(), 1)
    path = tmp_path / "cut.hepmc.gz"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputFileError, match=r"event \d: the gzip file is truncated"):
        list(join(path, hard))
    with pytest.raises(InputFileError, match=r"none\.hepmc: no such file"):
        list(join(tmp_path / "none.hepmc", hard))


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("resmeared", "shares the particles of 'nominal'; export that one"),
        ("elsewhere", "comes from a HepMC file"),
    ],
)
def test_views_without_particles_of_their_own_are_not_exported(hard_of, tmp_path, view, message):
    with pytest.raises(ConfigError, match=message):
        export_hepmc(CONFIG, "top", view, hard_of("top")[:1], tmp_path / "x", lambda _: None)
