from __future__ import annotations

from collections.abc import Callable

import awkward as ak
import fastjet
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rs3l_data.cluster.jets import cluster
from rs3l_data.cluster.kinematics import mass
from rs3l_data.cluster.substructure import OBSERVABLES, substructure
from tests.data.cluster.events import F8, candidates_of, momenta, random_jet

RADIUS = 0.8


def of_jets(jets: list[F8], radius: float = RADIUS) -> dict[str, F8]:
    offsets = np.concatenate([[0], np.cumsum([len(jet) for jet in jets])]).astype(np.int64)
    return substructure(offsets, *np.concatenate([np.empty((0, 4)), *jets]).T, radius)


def of_jet(jet: F8, radius: float = RADIUS) -> dict[str, float]:
    return {name: float(column[0]) for name, column in of_jets([jet], radius).items()}


def jets_of(events: list[F8]) -> list[F8]:
    jets = cluster(candidates_of(events), RADIUS, 0.1, 100.0)
    flat = np.concatenate(events)[jets.constituent_index]
    return np.split(flat, jets.constituent_offsets[1:-1])


def of_fastjet(jets: list[F8]) -> dict[str, F8]:
    """Compute the same by FastJet contrib, each jet being an event of its own."""
    flat = np.concatenate(jets)
    events = ak.unflatten(
        ak.zip(dict(zip(("px", "py", "pz", "E"), flat.T.copy(), strict=True))),
        [len(jet) for jet in jets],
    )
    sequence = fastjet.ClusterSequence(
        events, fastjet.JetDefinition(fastjet.cambridge_algorithm, 100.0)
    )
    groomed = sequence.exclusive_jets_softdrop_grooming(
        njets=1, beta=0.0, symmetry_cut=0.1, symmetry_measure="scalar_z", R0=RADIUS
    )
    taus = sequence.njettiness(
        measure_definition="NormalizedMeasure",
        axes_definition="WTA_KT_Axes",
        njets=[1, 2, 3, 4],
        beta=1.0,
        R0=RADIUS,
    )
    n2 = sequence.exclusive_jets_energy_correlator(njets=1, beta=1, npoint=2, func="nseries")
    taus = np.asarray(taus).reshape(len(jets), 4).T
    columns = (np.asarray(groomed.msoftdrop), *taus, np.asarray(n2))
    return dict(zip(OBSERVABLES, columns, strict=True))


@pytest.mark.parametrize("source", ["pythia", "random"])
def test_as_fastjet_contrib(qcd: list[F8], source: str) -> None:
    jets = jets_of(qcd) if source == "pythia" else [random_jet(n, seed=n) for n in range(2, 90)]
    assert len(jets) > 30
    found, expected = of_jets(jets), of_fastjet(jets)
    for name in OBSERVABLES:
        # The mass of a massless constituent is known to sqrt(epsilon) E only.
        precision = 1e-5 if name == "softdrop_mass" else 1e-14
        np.testing.assert_allclose(
            found[name], expected[name], rtol=1e-6, atol=precision, err_msg=name
        )
    groomed = found["softdrop_mass"] < 0.9 * mass(*np.array([jet.sum(axis=0) for jet in jets]).T)
    assert 0.1 < groomed.mean() < 0.9


def rotate(jet: F8, angle: float) -> F8:
    px, py, pz, energy = jet.T
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * px - s * py, s * px + c * py, pz, energy], axis=1)


def boost(jet: F8, rapidity: float) -> F8:
    px, py, pz, energy = jet.T
    c, s = np.cosh(rapidity), np.sinh(rapidity)
    return np.stack([px, py, c * pz + s * energy, c * energy + s * pz], axis=1)


def shuffle(jet: F8, seed: float) -> F8:
    return np.random.default_rng(abs(int(1000 * seed))).permutation(jet)


def scale(jet: F8, power: float) -> F8:
    return jet * 2.0**power


@pytest.mark.parametrize("change", [rotate, boost, shuffle])
@settings(max_examples=60)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), amount=st.floats(-3, 3, width=32))
def test_nothing_depends_on_frame_or_order(
    change: Callable[[F8, float], F8], n: int, seed: int, amount: float
) -> None:
    jet = random_jet(n, seed)
    before, after = of_jet(jet), of_jet(change(jet, amount))
    # The mass of a massless constituent is known to sqrt(epsilon) E only.
    assert after.pop("softdrop_mass") == pytest.approx(before.pop("softdrop_mass"), abs=1e-4)
    assert after == pytest.approx(before, rel=1e-7, abs=1e-12)


@settings(max_examples=40)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), power=st.integers(-5, 5))
def test_only_the_mass_scales_with_momentum(n: int, seed: int, power: int) -> None:
    jet = random_jet(n, seed)
    expected = of_jet(jet)
    expected["softdrop_mass"] *= 2.0**power
    assert of_jet(scale(jet, power)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=100)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_bounds(n: int, seed: int) -> None:
    jet = random_jet(n, seed)
    found = of_jet(jet)
    assert found["tau1"] >= found["tau2"] >= found["tau3"] >= found["tau4"] >= 0
    assert all((found[f"tau{n_axes}"] == 0) == (n <= n_axes) for n_axes in (1, 2, 3, 4))
    assert (found["n2"] == 0) == (n <= 2)
    assert 0 <= found["softdrop_mass"] <= mass(*jet.sum(axis=0)) + 1e-6


def test_tau_by_hand() -> None:
    # The winner takes all: the axis lies on the harder of the two.
    pair = momenta([30.0, 10.0], [0.5, 0.5], [3.0, 3.0 + 0.4])
    assert of_jet(pair)["tau1"] == pytest.approx(10 * 0.4 / (40 * RADIUS))
    assert of_jet(pair, radius=0.4)["tau1"] == pytest.approx(10 * 0.4 / (40 * 0.4))
    # Two near, one far: two axes on the far one and on the harder of the near ones.
    three = momenta([30.0, 10.0, 20.0], [0.0, 0.1, -0.5], 0.0)
    assert of_jet(three)["tau2"] == pytest.approx(10 * 0.1 / (60 * RADIUS))
    assert of_jet(three)["tau1"] == pytest.approx((10 * 0.1 + 20 * 0.5) / (60 * RADIUS))


def test_n2_by_hand() -> None:
    # An equilateral triangle: 2e3 = z^3 d^2, 1e2 = 3 z^2 d, z = 1/3.
    triangle = momenta(10.0, [0.0, 0.2, 0.1], [0.0, 0.0, 0.1 * np.sqrt(3)])
    assert of_jet(triangle)["n2"] == pytest.approx(1 / 3)
    # On a line the longest distance, 0.3, is the one that 2e3 leaves out.
    line = momenta([10.0, 20.0, 30.0], [0.0, 0.1, 0.3], 0.0)
    e2 = (10 * 20 * 0.1 + 20 * 30 * 0.2 + 10 * 30 * 0.3) / 60**2
    e3 = 10 * 20 * 30 * 0.1 * 0.2 / 60**3
    assert of_jet(line)["n2"] == pytest.approx(e3 / e2**2)


@pytest.mark.parametrize(("soft", "passes"), [(9.0, False), (13.0, True)])
def test_soft_drop_by_hand(soft: float, passes: bool) -> None:
    # A hard pair, and a third momentum at wide angle with z = 9/109 or 13/113.
    pair = momenta([60.0, 40.0], [0.0, 0.2], 0.0, 0.5)
    wide = momenta([soft], 0.1, 0.7)
    jet = np.concatenate([pair, wide])
    kept = jet if passes else pair
    assert of_jet(jet)["softdrop_mass"] == pytest.approx(float(mass(*kept.sum(axis=0))))


def test_soft_drop_grooms_down_to_one_constituent() -> None:
    jet = momenta([100.0, 5.0, 4.0], [0.0, 0.3, -0.4], [0.0, 0.1, 0.2], [0.938, 0.0, 0.0])
    assert of_jet(jet)["softdrop_mass"] == pytest.approx(0.938, abs=1e-6)


def test_distances_wrap_around_in_azimuth() -> None:
    across = momenta([30.0, 10.0, 20.0], 0.0, [np.pi - 0.1, -np.pi + 0.1, -np.pi + 0.3])
    away = momenta([30.0, 10.0, 20.0], 0.0, [-0.1, 0.1, 0.3])
    assert of_jet(across) == pytest.approx(of_jet(away), rel=1e-9)
    far = momenta([30.0, 10.0], 0.0, [-1.6, 1.7])
    assert of_jet(far)["tau1"] == pytest.approx(10 * (2 * np.pi - 3.3) / (40 * RADIUS))


def test_identical_momenta_have_no_substructure() -> None:
    same = np.repeat(momenta([10.0], 1.0, 2.0), 5, axis=0)
    found = of_jet(same)
    assert found.pop("softdrop_mass") == pytest.approx(0.0, abs=1e-5)
    assert set(found.values()) == {0.0}


def test_two_collinear_bundles_are_one_pair() -> None:
    pair = momenta([30.0, 10.0], [0.0, 0.4], 0.0)
    split = np.repeat(pair, 3, axis=0) / 3
    found = of_jet(split)
    assert found["tau1"] == pytest.approx(of_jet(pair)["tau1"])
    assert found["tau2"] == pytest.approx(0.0, abs=1e-12)
    assert found["n2"] == pytest.approx(0.0, abs=1e-12)
    assert found["softdrop_mass"] == pytest.approx(of_jet(pair)["softdrop_mass"])


def test_jets_of_a_batch_are_independent() -> None:
    jets = [random_jet(n, seed=n) for n in (5, 0, 1, 17)]
    found = of_jets(jets)
    for i, jet in enumerate(jets):
        alone = of_jet(jet)
        assert {name: float(found[name][i]) for name in OBSERVABLES} == alone
    assert {float(found[name][1]) for name in OBSERVABLES} == {0.0}


def test_no_jets() -> None:
    assert all(column.shape == (0,) for column in of_jets([]).values())
