from __future__ import annotations

import fastjet
import numpy as np
import pytest

from rs3l_data.cluster.substructure import CAMBRIDGE_AACHEN, KT, exclusive, recombine
from tests.data.cluster.events import F8, random_jet


def fastjet_exclusive(jet: F8, n_jets: int, algorithm: int, scheme: int) -> F8:
    """(n_jets, 3) pT, rapidity, azimuth of FastJet's exclusive jets, in falling pT."""
    given = [fastjet.PseudoJet(*(float(component) for component in p)) for p in jet]
    sequence = fastjet.ClusterSequence(given, fastjet.JetDefinition(algorithm, 100.0, scheme))
    jets = fastjet.sorted_by_pt(sequence.exclusive_jets(n_jets))
    return np.array([[j.pt(), j.rap(), j.phi_std()] for j in jets])


@pytest.mark.parametrize(
    ("exponent", "algorithm"),
    [(CAMBRIDGE_AACHEN, fastjet.cambridge_algorithm), (KT, fastjet.kt_algorithm)],
    ids=["C/A", "kT"],
)
@pytest.mark.parametrize("winner_take_all", [False, True], ids=["E-scheme", "WTA"])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 60])
def test_history_as_fastjet(exponent: float, algorithm: int, winner_take_all: bool, n: int) -> None:
    scheme = fastjet.WTA_pt_scheme if winner_take_all else fastjet.E_scheme
    jet = random_jet(n, seed=n)
    tree = recombine(jet, exponent, winner_take_all)
    for n_jets in range(1, n + 1):
        nodes = exclusive(tree, n_jets)
        nodes = nodes[np.argsort(-tree.pt[nodes])]
        found = np.stack([tree.pt[nodes], tree.rapidity[nodes], tree.phi[nodes]], axis=1)
        expected = fastjet_exclusive(jet, n_jets, algorithm, scheme)
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("exponent", [CAMBRIDGE_AACHEN, KT])
def test_every_node_but_the_last_is_recombined_once(exponent: float) -> None:
    n = 30
    tree = recombine(random_jet(n, seed=3), exponent, False)
    np.testing.assert_array_equal(tree.parents[:n], -1)
    np.testing.assert_array_equal(np.sort(tree.parents[n:].ravel()), np.arange(2 * n - 2))
    np.testing.assert_allclose(
        tree.momentum[n:], tree.momentum[tree.parents[n:]].sum(axis=1), rtol=1e-12
    )


def test_winner_take_all_keeps_direction_of_a_constituent_and_scalar_sum_of_pt() -> None:
    n = 20
    tree = recombine(random_jet(n, seed=8), KT, True)
    assert tree.pt[-1] == pytest.approx(tree.pt[:n].sum())
    assert tree.rapidity[-1] in tree.rapidity[:n]
    assert tree.phi[-1] in tree.phi[:n]
    np.testing.assert_allclose(np.hypot(*tree.momentum[:, :2].T), tree.pt)
    np.testing.assert_allclose(np.arctan2(*tree.momentum[:, 1::-1].T), tree.phi)
