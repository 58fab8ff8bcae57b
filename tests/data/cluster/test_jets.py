from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import fastjet
import numpy as np
import pytest

from rs3l_data.cluster.jets import cluster
from rs3l_data.describe.jets import JetAlgorithm
from tests.data.cluster.events import F8, I8, candidates_of, momenta, random_event

ROOT = Path(__file__).parents[3]


FASTJET: dict[JetAlgorithm, int] = {
    "antikt": fastjet.antikt_algorithm,
    "cambridge": fastjet.cambridge_algorithm,
    "kt": fastjet.kt_algorithm,
}


def fastjet_event(
    event: F8, radius: float, candidate_pt_min: float, jet_pt_min: float, algorithm: JetAlgorithm
) -> list[tuple[F8, I8]]:
    """Cluster one event with FastJet's own objects: momentum and constituents of each jet."""
    given = []
    for i, p in enumerate(event):
        if np.hypot(p[0], p[1]) >= candidate_pt_min:
            given.append(fastjet.PseudoJet(*(float(component) for component in p)))
            given[-1].set_user_index(i)
    sequence = fastjet.ClusterSequence(given, fastjet.JetDefinition(FASTJET[algorithm], radius))
    return [
        (
            np.array([jet.px(), jet.py(), jet.pz(), jet.E()]),
            np.array([c.user_index() for c in fastjet.sorted_by_pt(jet.constituents())]),
        )
        for jet in fastjet.sorted_by_pt(sequence.inclusive_jets(jet_pt_min))
    ]


def assert_as_fastjet(
    events: list[F8], *settings: float, algorithm: JetAlgorithm = "antikt"
) -> None:
    candidates = candidates_of(events)
    jets = cluster(candidates, *settings, algorithm=algorithm)
    assert len(jets.offsets) == len(events) + 1
    for i, event in enumerate(events):
        expected = fastjet_event(event, *settings, algorithm)
        assert jets.offsets[i + 1] - jets.offsets[i] == len(expected)
        for j, (momentum, constituents) in enumerate(expected, start=jets.offsets[i]):
            found = [jets.px[j], jets.py[j], jets.pz[j], jets.energy[j]]
            np.testing.assert_allclose(found, momentum, rtol=1e-9, atol=1e-9)
            own = jets.constituent_index[slice(*jets.constituent_offsets[j : j + 2])]
            np.testing.assert_array_equal(own - candidates.offsets[i], constituents)


@pytest.mark.parametrize("settings", [(0.8, 0.1, 100.0), (0.4, 0.5, 20.0), (0.8, 0.0, 0.0)])
def test_pythia_events_as_fastjet_object_by_object(
    qcd: list[F8], settings: tuple[float, float, float]
) -> None:
    assert_as_fastjet(qcd, *settings)


@pytest.mark.parametrize("algorithm", FASTJET)
def test_every_algorithm_as_fastjet_object_by_object(
    qcd: list[F8], algorithm: JetAlgorithm
) -> None:
    assert_as_fastjet(qcd, 1.5, 0.1, 20.0, algorithm=algorithm)
    found = cluster(candidates_of(qcd), 0.8, 0.5, 20.0, algorithm=algorithm)
    others = [
        cluster(candidates_of(qcd), 0.8, 0.5, 20.0, algorithm=other)
        for other in FASTJET
        if other != algorithm
    ]
    assert not any(np.array_equal(found.px, other.px) for other in others)


@pytest.mark.parametrize("radius", [0.4, 1.0])
def test_random_events_as_fastjet_object_by_object(radius: float) -> None:
    counts = [0, 1, 300, 0, 0, 2, 40, 3, 0]
    assert_as_fastjet([random_event(n, seed) for seed, n in enumerate(counts)], radius, 0.2, 5.0)


def test_both_thresholds_are_inclusive() -> None:
    event = momenta([8.0, 2.0, 1.0], 0.0, [0.0, 0.0, 3.0])
    jets = cluster(candidates_of([event]), 0.5, 2.0, 10.0)
    np.testing.assert_array_equal(jets.constituent_index, [0, 1])


def test_events_do_not_depend_on_their_batch(qcd: list[F8]) -> None:
    together = cluster(candidates_of(qcd), 0.8, 0.5, 50.0)
    parts = [cluster(candidates_of(part), 0.8, 0.5, 50.0) for part in (qcd[:7], qcd[7:])]
    for name in ("px", "py", "pz", "energy"):
        apart = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(getattr(together, name), apart)
    first = parts[0]
    n = len(first.constituent_index)
    np.testing.assert_array_equal(together.constituent_index[:n], first.constituent_index)
    shift = sum(len(event) for event in qcd[:7])
    np.testing.assert_array_equal(
        together.constituent_index[n:], parts[1].constituent_index + shift
    )


@pytest.mark.parametrize(
    "events",
    [
        [],
        [np.empty((0, 4))],
        [np.empty((0, 4))] * 3,
        [momenta([1.0], 0.0, 0.0), np.empty((0, 4))],
        [momenta([0.01], 0.0, 0.0)],
    ],
    ids=["no events", "an empty event", "empty events", "no hard jet", "no candidate kept"],
)
def test_a_batch_without_jets(events: list[F8]) -> None:
    jets = cluster(candidates_of(events), 0.8, 0.5, 100.0)
    assert jets.n_jets == 0
    np.testing.assert_array_equal(jets.offsets, np.zeros(len(events) + 1))
    np.testing.assert_array_equal(jets.constituent_offsets, [0])
    assert len(jets.constituent_index) == 0


def test_fastjet_says_nothing_in_a_process_of_its_own() -> None:
    """Its banner comes once in each process, at the first clustering."""
    program = (
        "import numpy as np\n"
        "from rs3l_data.cluster.jets import cluster\n"
        "from tests.data.cluster.events import candidates_of\n"
        "print(cluster(candidates_of([np.array([[9.0, 0.0, 0.0, 9.0]])]), 0.8, 0.5, 1.0).n_jets)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert (result.stdout, result.stderr) == ("1\n", "")
