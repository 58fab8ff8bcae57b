"""Hard particles followed by hand-made genealogies; whole events are in test_resimulate."""

import numpy as np
import pytest

from rs3l_data.simulate.trace import (
    _daughter,
    _daughters,
    _end_of_shower,
    _heavy_splittings,
    _last_copy,
    _last_heavy_hadrons,
    _Record,
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
