"""HepMC3 files that are broken, or say what cannot be: told, with file and event."""

import gzip
from itertools import chain

import numpy as np
import pytest

from rs3l_data.errors import InputFileError
from rs3l_data.exchange.hepmc_in import join
from tests.data.exchange.conftest import N_EXPORTED
from tests.data.exchange.hepmc_text import events_in


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
        list(join(changed(renumbered), hard_of("top")[:N_EXPORTED]))


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
        list(join(path, hard_of("top")[:N_EXPORTED]))


@pytest.mark.parametrize("px", ["1.2.3", "-", "e5", "1e", "1e999", "--1", "+-1", "1e+5e", "nan"])
def test_a_number_that_is_none_is_told(hard_of, changed, px):
    """HepMC3 reads it as 0, or takes its beginning."""
    with pytest.raises(InputFileError, match="event 0: malformed: the line 'P "):
        list(join(changed(first_px(px)), hard_of("top")[:N_EXPORTED]))


@pytest.mark.parametrize("units", [b"U TEV MM", b"U GEV M", b"U GEV", b"U GEV MM CM"])
def test_units_that_are_none_are_told(hard_of, changed, units):
    """HepMC3 takes them for GeV and mm."""
    path = changed(lambda lines: [units + b"\n" if ln[:2] == b"U " else ln for ln in lines])
    with pytest.raises(InputFileError, match=f"event 0: malformed: the line '{units.decode()}'"):
        list(join(path, hard_of("top")[:N_EXPORTED]))


@pytest.mark.parametrize("px", ["5", "5.", ".5", "+5.0e0", "5E+000", "5e-300", "-5.5e+05"])
def test_numbers_may_be_written_in_any_way(hard_of, changed, px):
    (found,) = join(changed(first_px(px)), hard_of("top")[:N_EXPORTED])
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
    hard = hard_of("top")[:N_EXPORTED]
    data = gzip.compress(exported().read_bytes(), 1)
    path = tmp_path / "cut.hepmc.gz"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputFileError, match=r"event \d: the gzip file is truncated"):
        list(join(path, hard))
    with pytest.raises(InputFileError, match=r"none\.hepmc: no such file"):
        list(join(tmp_path / "none.hepmc", hard))
