from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.describe.cards import load_card
from rs3l_data.describe.schema import Category
from rs3l_data.detect.calorimeter import build_grid, measure, place
from rs3l_data.detect.noise import Noise

from .guns import energy_per_event, gun, shoot

N = 4000
CARD = load_card("cms")


def ecal_sigma(energy: float, eta: float) -> float:
    """The Delphes CMS card's formula, written out once more."""
    if abs(eta) <= 1.5:
        shape = 1.0 + 0.64 * eta**2
    elif abs(eta) <= 2.5:
        shape = 2.16 + 5.6 * (abs(eta) - 2.0) ** 2
    else:
        return float(np.sqrt((0.107 * energy) ** 2 + 2.08**2 * energy))
    return float(shape * np.sqrt((0.008 * energy) ** 2 + 0.11**2 * energy + 0.40**2))


def hcal_sigma(energy: float, eta: float) -> float:
    if abs(eta) <= 3.0:
        return float(np.sqrt((0.050 * energy) ** 2 + 1.50**2 * energy))
    return float(np.sqrt((0.130 * energy) ** 2 + 2.70**2 * energy))


@given(st.sampled_from(["ecal", "hcal"]), st.integers(0, 2**32), st.data())
def test_every_point_of_a_cell_falls_into_that_cell(
    name: str, seed: int, data: st.DataObject
) -> None:
    grid = build_grid(getattr(CARD, name), 1.0)
    ring = data.draw(st.integers(0, len(grid.n_phi) - 1))
    phi_bin = data.draw(st.integers(0, int(grid.n_phi[ring]) - 1))
    inside = np.random.default_rng(seed).uniform(1e-6, 1.0 - 1e-6, (2, 1))
    eta, phi = place(grid, np.array([ring]), np.array([phi_bin]), inside)
    assert -np.pi <= phi[0] < np.pi
    noise = Noise(np.array([1], np.uint64))
    cells = measure(grid, np.array([0]), eta, phi, np.array([5.0]), 1.0, noise)
    assert (cells.ring[0], cells.phi_bin[0]) == (ring, phi_bin)


def test_a_point_of_a_cell_is_placed_in_eta_and_phi_on_its_own() -> None:
    grid = build_grid(CARD.ecal, 1.0)
    ring, phi_bin = np.array([7, 7]), np.array([5, 5])
    eta, phi = place(grid, ring, phi_bin, np.array([[0.0, 0.25], [0.75, 0.0]]))
    low, high = grid.eta_edges[7:9]
    width = 2 * np.pi / grid.n_phi[7]
    assert eta == pytest.approx([low, 0.75 * low + 0.25 * high])
    assert phi == pytest.approx([5.75 * width - np.pi, 5 * width - np.pi])


@pytest.mark.parametrize("name", ["ecal", "hcal"])
def test_an_edge_belongs_to_the_ring_above_it(name: str) -> None:
    grid = build_grid(getattr(CARD, name), 1.0)
    below = np.nextafter(grid.eta_edges[1:], -np.inf)
    eta = np.concatenate([grid.eta_edges[:-1], below])
    cells = measure(
        grid,
        np.arange(len(eta)),
        eta,
        np.zeros(len(eta)),
        np.ones(len(eta)),
        1.0,
        Noise(np.arange(len(eta), dtype=np.uint64)),
    )
    rings = np.arange(len(grid.n_phi))
    assert cells.ring.tolist() == [*rings, *rings]


def test_cells_have_the_sizes_of_the_detector() -> None:
    ecal, hcal = build_grid(CARD.ecal, 1.0), build_grid(CARD.hcal, 1.0)
    for grid, eta, d_eta, n_phi in (
        (ecal, 0.5, 0.0174, 360),
        (ecal, -2.9, 0.0174, 360),
        (ecal, 4.0, 0.175, 36),
        (hcal, -1.0, 0.087, 72),
        (hcal, 2.4, 0.178, 36),
        (hcal, 4.9, 0.3, 18),
    ):
        ring = np.searchsorted(grid.eta_edges, eta, side="right") - 1
        assert np.diff(grid.eta_edges)[ring] == pytest.approx(d_eta, abs=1e-6)
        assert grid.n_phi[ring] == n_phi
    assert ecal.eta_edges == pytest.approx(-ecal.eta_edges[::-1])


def test_energy_beyond_the_cells_is_lost() -> None:
    grid = build_grid(CARD.ecal, 1.0)
    eta = np.array([-5.1, 5.0, 4.99])
    noise = Noise(np.array([1], np.uint64))
    cells = measure(grid, np.zeros(3, int), eta, np.zeros(3), np.ones(3), 1.0, noise)
    assert cells.deposit.tolist() == [2]


@pytest.mark.parametrize("energy", [0.05, 0.4, 30.0])
@pytest.mark.parametrize("eta", [0.2, 1.4, 2.2, 4.0])
def test_a_cell_is_unbiased_at_every_energy(energy: float, eta: float) -> None:
    """Also where the noise is many times the energy."""
    for card, sigma in ((CARD.ecal, ecal_sigma), (CARD.hcal, hcal_sigma)):
        grid = build_grid(card, 1.0)
        n = 8000
        noise = Noise(np.arange(n, dtype=np.uint64))
        cells = measure(
            grid, np.arange(n), np.full(n, eta), np.full(n, 1.0), np.full(n, energy), 1.0, noise
        )
        # The card's formula is taken at the cell's centre.
        expected = sigma(energy, eta)
        assert cells.energy.mean() == pytest.approx(energy, abs=4.0 * expected / np.sqrt(n))
        assert cells.energy.std() == pytest.approx(expected, rel=0.05)


def test_energies_in_one_cell_add_up_before_they_are_measured() -> None:
    grid = build_grid(CARD.hcal, 0.0)
    noise = Noise(np.array([1, 2], np.uint64))
    event = np.array([0, 0, 1])
    cells = measure(
        grid, event, np.full(3, 0.04), np.full(3, 0.04), np.array([2.0, 3.0, 4.0]), 1.1, noise
    )
    assert cells.event.tolist() == [0, 1]
    assert cells.energy == pytest.approx([5.5, 4.4])
    assert cells.cell_of_deposit.tolist() == [0, 0, 1]


@pytest.mark.parametrize("eta", [0.4, -2.0, 3.5])
@pytest.mark.parametrize(
    ("pdg_id", "category", "sigma"),
    [(22, Category.PHOTON, ecal_sigma), (130, Category.NEUTRAL_HADRON, hcal_sigma)],
)
def test_neutral_particles_are_measured_without_bias(
    pdg_id: int, category: int, sigma: object, eta: float
) -> None:
    energy = 200.0
    seen = shoot(gun(pdg_id, N, energy=energy, eta=eta, phi=0.5))
    assert set(seen.category) == {category}
    assert not seen.charge.any()
    assert not seen.d0.any()
    response = energy_per_event(seen) / energy
    width = sigma(energy, eta) / energy  # type: ignore[operator]
    assert response.mean() == pytest.approx(1.0, abs=4.0 * width / np.sqrt(N))
    assert response.std() == pytest.approx(width, rel=0.06)
    # Massless, and at the particle's place within a cell.
    pt = np.hypot(seen.px, seen.py)
    assert seen.energy == pytest.approx(np.hypot(pt, seen.pz))
    size = 0.02 if category == Category.PHOTON and abs(eta) < 3.0 else 0.36
    assert np.abs(np.arcsinh(seen.pz / pt) - eta).max() < size
    assert np.abs(np.arctan2(seen.py, seen.px) - 0.5).max() < size


@pytest.mark.parametrize(("pdg_id", "energy"), [(22, 2.0), (130, 2.0), (130, 8.0)])
def test_soft_neutral_particles_keep_their_mean_energy(pdg_id: int, energy: float) -> None:
    """What the thresholds lose, the upward fluctuations over them make up for, within 10 %."""
    response = energy_per_event(shoot(gun(pdg_id, N, energy=energy))) / energy
    assert response.mean() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("pdg_id", "energy", "threshold", "share"),
    [
        # 0.8 GeV, twice the noise, is 1.75 standard deviations above 0.1 GeV.
        (22, 0.1, 0.8, 0.04),
        # The HCAL has no noise, so 1 GeV it is: 0.47 standard deviations above 0.5 GeV.
        (130, 0.5, 1.0, 0.32),
    ],
)
def test_neutral_particles_below_the_threshold_are_not_seen(
    pdg_id: int, energy: float, threshold: float, share: float
) -> None:
    seen = shoot(gun(pdg_id, N, energy=energy))
    assert seen.energy.min() > threshold
    assert len(seen.px) / N == pytest.approx(share, abs=4.0 * np.sqrt(share / N))


def test_undecayed_v0_shares_its_energy_between_the_calorimeters() -> None:
    seen = shoot(gun(310, N, energy=100.0))
    photons = energy_per_event(seen, Category.PHOTON).mean()
    hadrons = energy_per_event(seen, Category.NEUTRAL_HADRON).mean()
    assert (photons, hadrons) == (pytest.approx(30.0, rel=0.01), pytest.approx(70.0, rel=0.02))


def test_a_particle_born_behind_the_surface_is_still_measured() -> None:
    # It flies towards phi = 2, but its energy stays where it was born, at phi = 0.1.
    born = (1400.0 * np.cos(0.1), 1400.0 * np.sin(0.1), 0.0)
    seen = shoot(gun(211, 500, pt=100.0, phi=2.0, vertex=born))
    assert set(seen.category) == {Category.NEUTRAL_HADRON}
    assert np.abs(np.arctan2(seen.py, seen.px) - 0.1).max() < 0.09
    assert energy_per_event(seen).mean() == pytest.approx(100.0, rel=0.05)


def test_a_displaced_particle_is_seen_where_it_meets_the_calorimeter() -> None:
    """By its momentum at |eta| = 4.2, beyond the candidates' 4, but seen from the origin at 3.9."""
    seen = shoot(gun(22, 500, energy=500.0, eta=4.2, vertex=(0.0, 0.0, -1000.0)))
    assert energy_per_event(seen).mean() == pytest.approx(500.0, rel=0.05)
    met = np.arcsinh(0.75 * np.sinh(4.2))
    assert np.abs(np.arcsinh(seen.pz / np.hypot(seen.px, seen.py)) - met).max() < 0.18


def test_calorimeter_scales_and_resolution_factors() -> None:
    for pdg_id, name, sigma in ((22, "ecal", ecal_sigma), (130, "hcal", hcal_sigma)):
        particles = gun(pdg_id, N, energy=200.0)
        exact = shoot(particles, {f"{name}_resolution_factor": 0.0, f"{name}_scale": 1.03})
        assert exact.energy == pytest.approx(206.0)
        # The scale is one of measured energies, their fluctuations included.
        worse = shoot(particles, {f"{name}_resolution_factor": 1.5, f"{name}_scale": 2.0})
        assert worse.energy.std() == pytest.approx(3.0 * sigma(200.0, 0.0), rel=0.06)
