"""Hard particles followed by hand-made genealogies; whole events are in test_resimulate."""

import numpy as np
import pytest

from rs3l_data.events.hard_events import HardEvents
from rs3l_data.simulate.record import Records
from rs3l_data.simulate.trace import (
    _daughter,
    _daughters,
    _end_of_shower,
    _heavy_splittings,
    _last_copy,
    _last_heavy_hadrons,
    _Record,
    trace,
)

GLUON = 21


def record(*entries):
    """One event: PDG code, status, first and last daughter of each entry."""
    columns = np.array(entries, np.int32).T
    return _Record(np.array([0, len(entries)]), *(np.ascontiguousarray(c) for c in columns))


@pytest.mark.parametrize(
    ("status", "expected"),
    [(-44, 2), (-43, 2), (-52, 1), (-51, 1)],
    ids=["recoil", "emission", "recoil of the final state", "branching"],
)
def test_a_parton_is_followed_through_recoils_of_the_initial_state(status, expected):
    one = record((90, 0, 0, 0), (GLUON, -23, 2, 2), (GLUON, status, 0, 0))
    assert _last_copy(one, 0, 1, False) == expected


def test_a_parton_that_branches_is_not_taken_for_a_part_of_it():
    """Vincia gives both gluons the codes of initial-state radiation."""
    branching = record((90, 0, 0, 0), (GLUON, -23, 2, 3), (GLUON, 43, 0, 0), (GLUON, 44, 0, 0))
    assert _last_copy(branching, 0, 1, False) == 1


def test_a_resonance_is_followed_through_its_photons():
    higgs = record((90, 0, 0, 0), (25, -22, 2, 2), (25, -62, 3, 4), (5, 23, 0, 0), (-5, 23, 0, 0))
    assert _last_copy(higgs, 0, 1, True) == 2


def test_two_daughters_of_one_species_are_two():
    """A Higgs boson to two gluons: one each."""
    higgs = record((90, 0, 0, 0), (25, -62, 2, 3), (GLUON, 23, 0, 0), (GLUON, 23, 0, 0))
    taken = np.zeros(4, bool)
    found = []
    for _ in range(3):
        found.append(_daughter(higgs, 0, 1, GLUON, taken))
        taken[found[-1]] = found[-1] >= 0
    assert found == [2, 3, -1]


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ((0, 0), []),
        ((3, 0), [3]),
        ((3, 3), [3]),
        ((3, 5), [3, 4, 5]),
        # The other way round they are two, wherever they are.
        ((5, 3), [3, 5]),
        ((4, 3), [3, 4]),
    ],
)
def test_daughters_are_listed_as_pythia_means_them(pair, expected):
    first, last, step = _daughters(record((90, 0, 0, 0), (GLUON, -23, *pair)), 1)
    assert [*range(first, last + 1, step)] == expected


def test_what_stands_beside_the_daughters_is_none_of_them():
    """It is of the same kind each time, and would be followed."""
    parton = record((90, 0, 0, 0), (GLUON, -23, 2, 2), (GLUON, -44, 0, 0), (GLUON, -44, 0, 0))
    assert _last_copy(parton, 0, 1, False) == 2
    higgs = record((90, 0, 0, 0), (25, -62, 2, 3), (5, 23, 0, 0), (-5, 23, 0, 0), (GLUON, 23, 0, 0))
    assert _daughter(higgs, 0, 1, GLUON, np.zeros(5, bool)) == -1
    quark = record((90, 0, 0, 0), (5, 23, 2, 3), (5, -51, 0, 0), (GLUON, 51, 0, 0), (5, -51, 0, 0))
    assert _end_of_shower(quark, 0, 1) == 2
    hadrons = record(
        (90, 0, 0, 0), (511, -84, 2, 3), (111, 91, 0, 0), (22, 91, 0, 0), (511, 84, 0, 0)
    )
    _, index, flavour = _last_heavy_hadrons(hadrons)
    assert (index.tolist(), flavour.tolist()) == ([1, 4], [5, 5])


@pytest.mark.parametrize(
    ("daughters", "expected"),
    [
        (((4, -51), (-4, -51)), [[2, 3]]),
        (((-5, -51), (5, -51)), [[2, 3]]),
        (((3, -51), (-3, -51)), []),
        (((6, -51), (-6, -51)), []),
        (((5, -51), (-4, -51)), []),
        (((5, -51), (5, -51)), []),
        (((5, -51), (-5, -51), (GLUON, -51)), []),
        (((5, -51),), []),
    ],
)
def test_a_splitting_is_a_gluon_to_a_quark_and_its_antiquark(daughters, expected):
    for status, found in ((-51, expected), (-41, [])):
        gluon = (GLUON, status, 2, 1 + len(daughters))
        one = record((90, 0, 0, 0), gluon, *((*daughter, 0, 0) for daughter in daughters))
        offsets, index = _heavy_splittings(one)
        assert index.tolist() == found
        assert offsets.tolist() == [0, len(found)]
    photon = (22, -51, 2, 1 + len(daughters))
    one = record((90, 0, 0, 0), photon, *((*daughter, 0, 0) for daughter in daughters))
    assert len(_heavy_splittings(one)[1]) == 0


def test_a_parton_on_its_way_into_a_collision_does_not_split_inside_a_jet():
    """Status codes of Pythia's manual, the page Particle Properties."""
    incoming = (21, 31, 41, 42, 45, 46, 53, 54, 61)
    outgoing = (23, 33, 43, 44, 51, 52, 62)
    for status, found in (*((s, 0) for s in incoming), *((s, 1) for s in outgoing)):
        one = record((90, 0, 0, 0), (GLUON, -status, 2, 3), (5, 51, 0, 0), (-5, 51, 0, 0))
        assert len(_heavy_splittings(one)[1]) == found, status


def test_both_quarks_of_a_splitting_are_followed_to_the_end_of_the_shower():
    quarks = ((5, -51, 4, 5), (-5, -51, 6, 7))
    emissions = ((5, 51, 0, 0), (GLUON, 51, 0, 0), (-5, -51, 8, 8), (GLUON, 51, 0, 0))
    one = record((90, 0, 0, 0), (GLUON, -51, 2, 3), *quarks, *emissions, (-5, 52, 0, 0))
    assert _heavy_splittings(one)[1].tolist() == [[4, 8]]


@pytest.mark.parametrize("before", [0, 7])
def test_an_event_is_followed_alike_wherever_it_stands_in_a_batch(before):
    entries = [(90, 0, 0, 0), (5, -22, 2, 2), (5, -44, 3, 3), (5, -44, 4, 5), (5, 51, 0, 0)]
    others = [(90, 0, 0, 0)] * before
    one = record(*others, *entries, (GLUON, 51, 0, 0))
    assert _last_copy(one, before, 1, False) == 3
    assert _last_copy(one, before, 1, True) == 4
    assert _end_of_shower(one, before, 1) == 4
    taken = np.zeros(6, bool)
    assert _daughter(one, before, before + 3, GLUON, taken) == 5
    assert _daughter(one, before, before + 3, 5, taken) == 4


BEFORE = [
    (90, 0, 1, 2),
    (2212, -12, 3, 0),
    (2212, -12, 4, 0),
    (GLUON, -21, 5, 6),
    (GLUON, -21, 5, 6),
]
"""What stands before what comes out of a hard process"""

INCOMING = [(GLUON, -21, 1), (GLUON, -21, 2)]

TOP = (
    [(6, -22, 3), (GLUON, 23, 3), (24, -22, 5), (5, 23, 5), (2, 23, 7), (-1, 23, 7)],
    [
        *[(6, -22, 7, 7), (GLUON, -23, 8, 8)],
        # Recoils of the initial state; then the gluon branches.
        *[(6, -44, 9, 9), (GLUON, -44, 10, 11)],
        *[(6, -62, 12, 13), (GLUON, 51, 0, 0), (GLUON, 51, 0, 0)],
        # The W boson takes the recoil of what the b quark radiates.
        *[(24, -22, 14, 14), (5, -23, 15, 16), (24, -52, 17, 18), (5, 51, 0, 0), (GLUON, 51, 0, 0)],
        *[(2, 23, 0, 0), (-1, 23, 0, 0)],
    ],
    [9, 8, 14, 13, 17, 18],
)
HIGGS_TO_GLUONS = (
    [(25, -22, 3), (GLUON, 23, 5), (GLUON, 23, 5)],
    # What a decay makes is taken as it is made, whatever becomes of it.
    [
        *[(25, -22, 6, 6), (25, -62, 7, 8)],
        (GLUON, -23, 9, 9),
        (GLUON, 23, 0, 0),
        (GLUON, -44, 0, 0),
    ],
    [6, 7, 8],
)
OTHER_DECAY = (
    [(25, -22, 3), (23, -22, 5), (11, 23, 6), (22, 23, 5)],
    [(25, -22, 6, 6), (25, -62, 7, 8), (22, 23, 0, 0), (22, 23, 0, 0), (11, 23, 0, 0)],
    [6, -1, -1, 7],
)


def test_each_hard_particle_is_found_in_its_own_event():
    """A particle that decays where it does, its daughters where it leaves them, all others -1."""
    undelivered = (TOP[0], None, [-1] * 6)
    events = [TOP, undelivered, HIGGS_TO_GLUONS, OTHER_DECAY, TOP]
    hard = [np.array(INCOMING + own, np.int32) for own, _, _ in events]
    entries = [[] if own is None else BEFORE + own for _, own, _ in events]
    counts = [len(own) for own in entries]
    firsts = np.cumsum([0, *counts])
    expected = []
    for first, (_, own, found) in zip(firsts, events, strict=False):
        incoming = [-1, -1] if own is None else [3, 4]
        expected += [place if place < 0 else first + place for place in incoming + found]
    names = ("pdg_id", "status", "mother1")
    columns = dict(zip(names, np.concatenate(hard).T, strict=True))
    flat = np.array([entry for own in entries for entry in own], np.int32).T
    pdg_id, status, daughter1, daughter2 = (np.ascontiguousarray(column) for column in flat)
    nowhere = np.zeros(len(pdg_id))
    records = Records(
        generated=np.array([own is not None for _, own, _ in events]),
        offsets=firsts,
        pdg_id=pdg_id,
        status=status,
        mother1=np.zeros_like(pdg_id),
        mother2=np.zeros_like(pdg_id),
        daughter1=daughter1,
        daughter2=daughter2,
        momentum=(nowhere,) * 4,
        mass=nowhere,
        vertex_index=np.zeros_like(pdg_id),
        vertices=(nowhere,) * 3,
    )
    offsets = np.cumsum([0, *map(len, hard)])
    found = trace(
        HardEvents({}, {n: np.ascontiguousarray(c) for n, c in columns.items()}, offsets), records
    )
    assert found.tolist() == expected
