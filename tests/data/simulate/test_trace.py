"""Hard particles followed by hand-made genealogies; whole events are in test_resimulate."""

import numpy as np
import pytest

from rs3l_data.simulate.trace import _daughter, _last_copy, _Record

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
