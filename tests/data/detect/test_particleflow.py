from __future__ import annotations

import numpy as np
import pytest

from rs3l_data.describe.schema import Category
from rs3l_data.detect.particleflow import Charged, _track_corrections
from rs3l_data.detect.propagation import helix
from rs3l_data.offsets import row_of_each

from .guns import energy_per_event, gun, overlay, shoot

N = 4000
ALL_TRACKED = {"tracking_efficiency_factor": 2.0}


def test_a_tracked_hadron_is_not_counted_twice() -> None:
    seen = shoot(gun(211, N, pt=20.0, eta=0.5), ALL_TRACKED)
    assert np.count_nonzero(seen.charge) == N
    truth = 20.0 * np.cosh(0.5)
    # Beyond two standard deviations (2.3 %) the calorimeter's fluctuation is taken for a neutral.
    n_neutral = np.count_nonzero(seen.category == Category.NEUTRAL_HADRON)
    assert n_neutral / N == pytest.approx(0.023, abs=0.01)
    assert energy_per_event(seen).mean() == pytest.approx(truth, rel=0.03)


def test_a_hadron_without_track_becomes_neutral_energy() -> None:
    seen = shoot(gun(211, N, pt=50.0, eta=0.5), {"tracking_efficiency_factor": 0.0})
    assert set(seen.category) == {Category.NEUTRAL_HADRON}
    truth = 50.0 * np.cosh(0.5)
    assert energy_per_event(seen).mean() == pytest.approx(truth, rel=0.02)


def test_beyond_the_tracker_charged_particles_are_neutral_energy() -> None:
    hadrons = shoot(gun(-211, N, pt=20.0, eta=3.6))
    assert set(hadrons.category) == {Category.NEUTRAL_HADRON}
    assert energy_per_event(hadrons).mean() == pytest.approx(20.0 * np.cosh(3.6), rel=0.02)
    electrons = shoot(gun(11, N, pt=20.0, eta=-3.6))
    assert set(electrons.category) == {Category.PHOTON}


def test_muons_leave_no_energy_and_neutrinos_nothing() -> None:
    muons = shoot(gun(13, N, pt=30.0), {"tracking_efficiency_factor": 0.0})
    assert len(muons.px) == 0
    assert len(shoot(gun(14, 100, pt=30.0)).px) == 0


def test_a_neutral_hadron_behind_a_track_is_found_as_the_excess() -> None:
    pt = 30.0
    # Where a pion of +30 GeV meets the calorimeter, there the neutral hadron is sent.
    charged = gun(211, N, pt=pt, phi=0.05, eta=0.04)
    path = helix(
        (charged.px, charged.py, charged.pz),
        np.ones(N, np.int8),
        (charged.x, charged.y, charged.z),
        3.8,
    )
    x, y, z = path.leave(1290.0, 3000.0)
    eta, phi = np.arcsinh(z / np.hypot(x, y))[0], np.arctan2(y, x)[0]
    neutral = gun(130, N, energy=60.0, eta=eta, phi=phi)
    seen = shoot(overlay(charged, neutral), ALL_TRACKED)
    assert np.count_nonzero(seen.category == Category.CHARGED_HADRON) == N
    excess = energy_per_event(seen, Category.NEUTRAL_HADRON)
    found = excess > 0.0
    assert found.mean() > 0.97
    assert excess[found].mean() == pytest.approx(60.0, rel=0.04)
    # The excess fluctuates with the whole energy in the cell.
    assert excess.std() == pytest.approx(np.hypot(0.05 * 90.0, 1.5 * np.sqrt(90.0)), rel=0.08)


def test_an_overlapping_photon_does_not_disturb_a_hadron() -> None:
    both = overlay(gun(211, N, pt=10.0), gun(22, N, energy=20.0))
    seen = shoot(both, ALL_TRACKED)
    assert energy_per_event(seen, Category.PHOTON).mean() == pytest.approx(20.0, rel=0.01)
    assert energy_per_event(seen, Category.CHARGED_HADRON).mean() == pytest.approx(10.0, rel=0.01)


@pytest.mark.parametrize(("pt", "eta"), [(40.0, 0.3), (40.0, 2.0), (5.0, 0.3)])
def test_electrons_are_the_average_of_track_and_calorimeter(pt: float, eta: float) -> None:
    energy = pt * np.cosh(eta)
    seen = shoot(gun(11, N, pt=pt, eta=eta), ALL_TRACKED)
    electron = seen.category == Category.ELECTRON
    # A photon beside it is a fluctuation, or a track measured too low.
    alone = np.diff(seen.offsets)[row_of_each(seen.offsets)] == 1
    ratio = seen.energy[electron & alone] / energy
    if eta < 0.5:
        track = np.hypot(0.03, 1.3e-3 * pt)
        shape = 1.0 + 0.64 * eta**2
    else:
        track = np.hypot(0.15, 3.1e-3 * pt)
        shape = 2.16 + 5.6 * (eta - 2.0) ** 2
    calo = shape * np.sqrt((0.008 * energy) ** 2 + 0.11**2 * energy + 0.4**2) / energy
    best = 1.0 / np.sqrt(track**-2 + calo**-2)
    assert ratio.mean() == pytest.approx(1.0, abs=0.25 * best + 0.005)
    assert ratio.std() == pytest.approx(best, rel=0.15)


def test_both_calorimeters_measure_their_shares_of_a_hadron() -> None:
    """Against a track that tells next to nothing, its energy is their sum."""
    momentum = {"eta_max": [2.5], "constant": [0.5], "slope": [0.0]}
    card = {
        **ALL_TRACKED,
        "tracking": {"charged_hadron": {"momentum": momentum}},
        "ecal": {"fractions": {"charged_hadron": 0.7}, "significance_min": 1e3},
        "hcal": {"fractions": {"charged_hadron": 0.3}, "significance_min": 1e3},
    }
    seen = shoot(gun(211, N, pt=200.0), card)
    assert np.all(seen.category == Category.CHARGED_HADRON)
    ecal = np.sqrt((0.008 * 140.0) ** 2 + 0.11**2 * 140.0 + 0.4**2)
    hcal = np.sqrt((0.05 * 60.0) ** 2 + 1.5**2 * 60.0)
    assert np.median(seen.energy) == pytest.approx(200.0, rel=0.02)
    low, high = np.quantile(seen.energy, [0.16, 0.84])
    assert (high - low) / 2 == pytest.approx(np.hypot(ecal, hcal), rel=0.15)


def test_tracks_are_averaged_with_cells_of_their_own_but_not_with_an_excess() -> None:
    """What is more than the tracks explain is a neutral particle, and would count twice."""
    tracks, cells = np.array([0, 2, 3]), np.array([0, 1, 2])
    energy, variance = np.full(3, 10.0), np.array([1.0, 1.0, 0.0])
    charged = Charged(energy, variance, np.array([4.0, 4.0, 0.0]), tracks, cells)
    excess = np.array([True, False, False])
    found = _track_corrections(np.array([40.0, 12.0, 12.0]), charged, excess, 4)
    assert found == pytest.approx([0.0, 0.0, 0.25 * 0.2, 0.0])


def test_a_cell_that_measures_less_than_nothing_takes_no_more_than_all() -> None:
    """Noise below 0 must not turn a track's energy round."""
    one, first = np.ones(1), np.zeros(1, np.int64)
    for measured, expected in ((-5.0, -1.0), (0.0, -1.0), (0.5, -0.5)):
        charged = Charged(one, one, one, first, first)
        found = _track_corrections(np.array([measured]), charged, np.zeros(1, bool), 1)
        assert found.tolist() == [expected]


def test_acceptance_of_candidates() -> None:
    for side in (1, -1):
        particles = overlay(gun(13, N, pt=1.0, eta=side * 0.5), gun(13, N, pt=5.0, eta=side * 2.0))
        seen = shoot(particles, {"candidate_pt_min": 2.0, "tracking_efficiency_factor": 2.0})
        assert len(seen.px) == N
        assert np.hypot(seen.px, seen.py).min() >= 2.0
        seen = shoot(particles, {"candidate_eta_max": 1.0, "tracking_efficiency_factor": 2.0})
        assert len(seen.px) == N
        assert np.abs(np.arcsinh(seen.pz / np.hypot(seen.px, seen.py))).max() <= 1.0
