"""Heavy flavour of jets: ghosts that change nothing, and pairs that must lie inside."""

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.cluster.flavour import hadrons_in_jets, splitting_in_jets
from rs3l_data.cluster.jets import Ghosts, cluster
from rs3l_data.describe.jets import JetAlgorithm
from rs3l_data.offsets import row_of_each
from tests.data.cluster.events import candidates_of, momenta, random_event


def ghosts_of(events):
    offsets = np.concatenate([[0], np.cumsum([len(event) for event in events])])
    return Ghosts(offsets.astype(np.int64), np.concatenate([np.empty((0, 4)), *events]))


def assert_the_same_jets(with_ghosts, without):
    for name in ("offsets", "px", "py", "pz", "energy", "constituent_offsets", "constituent_index"):
        np.testing.assert_array_equal(getattr(with_ghosts, name), getattr(without, name))


@given(
    sizes=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=4),
    radius=st.sampled_from([0.4, 0.8]),
    algorithm=st.sampled_from(get_args(JetAlgorithm)),
    seed=st.integers(0, 1000),
)
def test_ghosts_leave_the_jets_alone_bit_for_bit(sizes, radius, algorithm, seed):
    """Whatever the ghosts' own momenta are: a b hadron carries most of its jet."""
    candidates = candidates_of([random_event(n, seed + i) for i, (n, _) in enumerate(sizes)])
    ghosts = ghosts_of([1e3 * random_event(n, seed + 99 + i) for i, (_, n) in enumerate(sizes)])
    for least in (0.0, 1e-3):
        without = cluster(candidates, radius, 0.5, least, algorithm=algorithm)
        found = cluster(candidates, radius, 0.5, least, ghosts, algorithm)
        assert_the_same_jets(found, without)


@pytest.mark.parametrize("algorithm", get_args(JetAlgorithm))
def test_pythia_jets_with_ghosts(qcd, algorithm):
    ghosts = ghosts_of([event[::40] for event in qcd])
    candidates = candidates_of(qcd)
    found = cluster(candidates, 0.8, 0.1, 20.0, ghosts, algorithm)
    assert_the_same_jets(found, cluster(candidates, 0.8, 0.1, 20.0, algorithm=algorithm))
    # A copy of a constituent goes where the constituent goes.
    jet_of = np.full(len(candidates.px), -1)
    jet_of[found.constituent_index] = row_of_each(found.constituent_offsets)
    original = np.concatenate([np.arange(a, b)[::40] for a, b in pairwise(candidates.offsets)])
    clustered = np.hypot(candidates.px, candidates.py)[original] >= 0.1
    np.testing.assert_array_equal(found.ghost_jet[clustered], jet_of[original[clustered]])
    assert (found.ghost_jet >= 0).sum() > 50


def test_each_ghost_finds_the_jet_of_its_own_event():
    jet = momenta([100.0, 50.0], [0.0, 0.1], [0.0, 0.1])
    candidates = candidates_of([np.empty((0, 4)), jet, jet])
    nowhere = momenta([70.0], [2.0], [3.0], 5.0)
    ghosts = ghosts_of([jet[:1], nowhere, np.concatenate([nowhere, jet[1:]])])
    found = cluster(candidates, 0.8, 0.5, 20.0, ghosts)
    assert found.offsets.tolist() == [0, 0, 1, 2]
    assert found.ghost_jet.tolist() == [-1, -1, -1, 1]


def test_hadrons_are_counted_in_their_jet_by_flavour():
    jet, flavour = np.array([0, 0, 0, -1, 2, -1]), np.array([5, 5, 4, 5, 4, 4])
    b, c = hadrons_in_jets(3, jet, flavour)
    assert b.tolist() == [2, 0, 0]
    assert c.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("azimuths", "expected"),
    [
        ((0.1, 0.3), 4),
        ((0.1, 0.9), 0),  # one quark outside
        ((3.2, -3.0), 0),  # in no jet
    ],
)
def test_both_quarks_must_lie_inside(azimuths, expected):
    pair = momenta([50.0, 60.0], [0.2, 0.0], np.array(azimuths))[None]
    # Event 0 has a jet on top of the pair's direction, but the pair is in event 1.
    jet_offsets, eta, phi = np.array([0, 1, 3]), np.zeros(3), np.array([0.2, 0.0, 1.5])
    found = splitting_in_jets(jet_offsets, eta, phi, np.array([0, 0, 1]), np.array([4]), pair, 0.8)
    assert found.tolist() == [0, expected, 0]


def test_bottom_wins_over_charm():
    pairs = momenta([50.0] * 6, 0.0, 0.1).reshape(3, 2, 4)
    offsets, flavours = np.array([0, 3]), np.array([4, 5, 4])
    found = splitting_in_jets(
        np.array([0, 1]), np.zeros(1), np.zeros(1), offsets, flavours, pairs, 0.8
    )
    assert found.tolist() == [5]
