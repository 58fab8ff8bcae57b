from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.cluster.matching import contained, match


def of_one_event(jets: list[tuple[float, float]], targets: list[tuple[float, float]]) -> list[int]:
    """Match (eta, phi) of targets to those of jets, within 0.5."""
    jet = np.array(jets, float).reshape(-1, 2)
    target = np.array(targets, float).reshape(-1, 2)
    row_event = np.zeros(len(target), np.int64)
    found = match(
        np.array([0, len(jet)]), jet[:, 0], jet[:, 1], row_event, target[:, 0], target[:, 1], 0.5
    )
    assert found.dtype == np.int64
    return found.tolist()


def test_nearest_jet_within_reach() -> None:
    assert of_one_event([(0.0, 0.0), (0.3, 0.0)], [(0.2, 0.0)]) == [1]
    assert of_one_event([(0.0, 0.0)], [(0.6, 0.0)]) == [-1]
    assert of_one_event([], [(0.0, 0.0)]) == [-1]
    assert of_one_event([(0.0, 0.0)], []) == []


def test_the_reach_is_inclusive() -> None:
    assert of_one_event([(0.0, 0.0)], [(0.5, 0.0)]) == [0]


def test_across_the_seam_in_azimuth() -> None:
    assert of_one_event([(0.0, 3.1)], [(0.0, -3.1)]) == [0]


def test_a_jet_is_taken_once_by_the_nearer_row() -> None:
    assert of_one_event([(0.0, 0.0)], [(0.2, 0.0), (0.1, 0.0)]) == [-1, 0]


def test_the_farther_row_falls_back_to_its_next_jet() -> None:
    assert of_one_event([(0.0, 0.0), (0.4, 0.0)], [(0.15, 0.0), (0.1, 0.0)]) == [1, 0]


def test_nan_matches_nothing() -> None:
    assert of_one_event([(0.0, 0.0)], [(np.nan, 0.0)]) == [-1]


def test_rows_see_the_jets_of_their_event_only() -> None:
    jet_offsets = np.array([0, 1, 1, 3])
    jet_eta = np.array([0.0, 0.0, 1.0])
    row_event = np.array([2, 0, 1, 2])
    target_eta = np.array([0.9, 0.1, 0.0, 0.2])
    found = match(jet_offsets, jet_eta, np.zeros(3), row_event, target_eta, np.zeros(4), 0.5)
    assert found.tolist() == [2, 0, -1, 1]


@given(seed=st.integers(0, 2**32 - 1), n_jets=st.integers(0, 6), n_rows=st.integers(0, 6))
def test_stable_and_exclusive(seed: int, n_jets: int, n_rows: int) -> None:
    rng = np.random.default_rng(seed)
    jets, rows = rng.uniform(-0.5, 0.5, (n_jets, 2)), rng.uniform(-0.5, 0.5, (n_rows, 2))
    found = of_one_event(jets.tolist(), rows.tolist())
    taken = [jet for jet in found if jet >= 0]
    assert len(set(taken)) == len(taken)
    distance = np.hypot(*(rows[:, None] - jets[None]).transpose(2, 0, 1))
    own = np.array([distance[r, j] if j >= 0 else 0.5 for r, j in enumerate(found)])
    held_at = np.full(n_jets, 0.5)
    for row, jet in enumerate(found):
        if jet >= 0:
            held_at[jet] = own[row]
    # No row and jet would both rather have each other than what they have.
    assert not np.any((distance < own[:, None]) & (distance < held_at[None]))


def test_contained() -> None:
    matched = np.array([1, 0, -1, 0, -1])
    jet_eta, jet_phi = np.array([0.0, 2.0]), np.array([3.0, 0.0])
    decay_offsets = np.array([0, 2, 4, 5, 5, 5])
    decay_eta = np.array([2.1, 1.5, 0.0, 0.0, 0.0])
    decay_phi = np.array([0.0, 0.2, -3.0, -2.0, 3.0])
    found = contained(matched, jet_eta, jet_phi, decay_offsets, decay_eta, decay_phi, 0.8)
    # Both inside; one outside, though the other is inside across the seam; no jet;
    # nothing decays; neither.
    assert found.tolist() == [True, False, False, True, False]


def test_an_unknown_decay_product_is_not_contained() -> None:
    zero = np.zeros(1)
    found = contained(
        np.array([0]), zero, zero, np.array([0, 2]), np.array([0.0, np.nan]), np.zeros(2), 0.8
    )
    assert found.tolist() == [False]
