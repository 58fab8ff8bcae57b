from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.describe.cards import load_card
from rs3l_data.describe.schema import Category
from rs3l_data.detect.tracking import (
    Tracks,
    impact_resolution,
    log_normal,
    momentum_resolution,
    tracking_efficiency,
)

from .guns import gun, shoot

N = 8000


def tolerance(sigma: float, n: int = N) -> float:
    """Four standard errors: one test in 16 000 would fail by chance, and the seeds are fixed."""
    return 4.0 * sigma / np.sqrt(n)


@pytest.mark.parametrize(
    ("pdg_id", "pt", "eta", "expected"),
    [
        (211, 0.05, 0.0, 0.0),
        (211, 0.5, 1.0, 0.70),
        (-321, 5.0, -1.0, 0.95),
        (2212, 0.9, 2.0, 0.60),
        (211, 50.0, -2.4, 0.85),
        (211, 50.0, 2.6, 0.0),
        (11, 0.5, 0.0, 0.73),
        (11, 20.0, 0.0, 0.95),
        (-11, 200.0, 0.0, 0.99),
        (11, 20.0, 2.0, 0.83),
        (11, 200.0, 2.0, 0.90),
        (13, 0.5, 0.0, 0.75),
        (-13, 20.0, 0.0, 0.99),
        (13, 20.0, 2.0, 0.98),
    ],
)
def test_tracking_efficiency_is_the_cards(
    pdg_id: int, pt: float, eta: float, expected: float
) -> None:
    seen = shoot(gun(pdg_id, N, pt=pt, eta=eta))
    n_tracks = np.count_nonzero(seen.charge)
    assert n_tracks / N == pytest.approx(
        expected, abs=tolerance(np.sqrt(expected * (1.0 - expected)))
    )


SPECIES = ("charged_hadron", "electron", "muon")
CMS = load_card("cms")


def on_and_between(edges: tuple[float, ...]) -> st.SearchStrategy[float]:
    return st.sampled_from(edges) | st.floats(0.0, 1.5 * edges[-1])


@given(st.sampled_from(SPECIES), st.data())
def test_efficiency_is_looked_up_where_a_search_finds_it(name: str, data: st.DataObject) -> None:
    """A value that equals an edge lies below it: the last eta_max inside, the first pt_min not."""
    table = getattr(CMS.tracking, name).efficiency
    eta, pt = (data.draw(on_and_between(edges)) for edges in (table.eta_max, table.pt_min))
    row, column = np.searchsorted(table.eta_max, eta), np.searchsorted(table.pt_min, pt) - 1
    expected = table.values[row][column] if row < len(table.eta_max) and column >= 0 else 0.0
    category = np.array([Category[name.upper()]], np.uint8)
    found = tracking_efficiency(category, np.array([pt]), np.array([eta]), np.zeros(1), CMS)
    assert found == [expected]


@given(st.sampled_from(SPECIES), st.data())
def test_resolutions_are_those_of_the_band(name: str, data: st.DataObject) -> None:
    table, d0 = getattr(CMS.tracking, name).momentum, CMS.tracking.d0
    pt = data.draw(st.floats(0.1, 1000.0))
    category = np.array([Category[name.upper()]], np.uint8)
    eta = data.draw(st.sampled_from(table.eta_max) | st.floats(0.0, table.eta_max[-1]))
    band = np.searchsorted(table.eta_max, eta)
    found = momentum_resolution(category, np.array([pt]), np.array([eta]), CMS)
    assert found == pytest.approx(np.hypot(table.constant[band], table.slope[band] * pt))
    eta = data.draw(st.sampled_from(d0.eta_max) | st.floats(0.0, d0.eta_max[-1]))
    band = np.searchsorted(d0.eta_max, eta)
    terms = d0.a[band], d0.b[band] / np.sqrt(pt), d0.c[band] / pt
    found = impact_resolution(d0, np.array([pt]), np.array([eta]))
    assert found == pytest.approx(np.sqrt(np.square(terms).sum()))


def test_a_resolution_beyond_its_table_is_refused() -> None:
    far, pt = np.array([9.0]), np.array([5.0])
    with pytest.raises(ValueError, match="beyond the last eta_max"):
        momentum_resolution(np.array([Category.MUON], np.uint8), pt, far, CMS)
    with pytest.raises(ValueError, match="beyond the last eta_max"):
        impact_resolution(CMS.tracking.d0, pt, far)


@pytest.mark.parametrize(("radius", "share"), [(150.0, 0.75), (450.0, 0.25), (700.0, 0.0)])
def test_displaced_tracks_are_found_less_often(radius: float, share: float) -> None:
    seen = shoot(gun(211, N, pt=5.0, vertex=(radius, 0.0, 0.0)))
    expected = 0.95 * share
    assert np.count_nonzero(seen.charge) / N == pytest.approx(expected, abs=tolerance(0.5))


def test_a_probability_lies_between_none_and_all() -> None:
    radius = np.array([0.0, 450.0, 600.0, 700.0])
    category, pt = np.full(4, Category.CHARGED_HADRON, np.uint8), np.full(4, 5.0)
    card = load_card("cms", {"tracking_efficiency_factor": 2.0})
    found = tracking_efficiency(category, pt, np.zeros(4), radius, card)
    assert found == pytest.approx([1.0, 0.475, 0.0, 0.0])


@pytest.mark.parametrize(
    ("pdg_id", "pt", "eta", "constant", "slope"),
    [
        (211, 1.0, 0.2, 0.010, 1.5e-4),
        (211, 100.0, 1.2, 0.015, 2.5e-4),
        (211, 200.0, 2.2, 0.025, 5.5e-4),
        (13, 300.0, 0.2, 0.010, 1.0e-4),
        (13, 300.0, 2.2, 0.025, 3.5e-4),
    ],
)
def test_momentum_is_unbiased_with_the_cards_width(
    pdg_id: int, pt: float, eta: float, constant: float, slope: float
) -> None:
    # Without calorimeters' information: no significance is ever high enough, no weight either.
    blurred = {"eta_max": 5.0, "constant": 1e6, "stochastic": 0.0, "noise": 0.0}
    seen = shoot(gun(pdg_id, N, pt=pt, eta=eta), {"hcal": {"resolution": [blurred]}})
    tracks = seen.charge != 0
    ratio = np.hypot(seen.px, seen.py)[tracks] / pt
    sigma = np.sqrt(constant**2 + (slope * pt) ** 2)
    assert ratio.min() > 0.0
    assert ratio.mean() == pytest.approx(1.0, abs=tolerance(sigma, len(ratio)))
    assert ratio.std() == pytest.approx(sigma, rel=0.05)
    assert np.arcsinh(seen.pz[tracks] / np.hypot(seen.px, seen.py)[tracks]) == pytest.approx(eta)


@pytest.mark.parametrize("phi", [-3.0, -1.0, 0.5, 2.0])
def test_a_track_from_the_origin_has_the_direction_of_its_particle(phi: float) -> None:
    seen = shoot(gun(13, 50, pt=20.0, eta=1.0, phi=phi))
    assert np.arctan2(seen.py, seen.px) == pytest.approx(phi)


@pytest.mark.parametrize("relative_error", [1e-3, 0.3, 3.0])
def test_factors_have_mean_one_and_their_width_however_wide(relative_error: float) -> None:
    gauss, weights = np.polynomial.hermite_e.hermegauss(100)
    weights /= weights.sum()
    factors = log_normal(np.full(100, relative_error), gauss)
    assert factors.min() > 0.0
    assert weights @ factors == pytest.approx(1.0)
    assert np.sqrt(weights @ (factors - 1.0) ** 2) == pytest.approx(relative_error)


@pytest.mark.parametrize(
    ("pdg_id", "category", "mass"),
    [
        (-2212, Category.CHARGED_HADRON, 0.13957),
        (11, Category.ELECTRON, 0.000511),
        (-13, Category.MUON, 0.105658),
    ],
)
def test_track_has_category_charge_and_mass_hypothesis(
    pdg_id: int, category: int, mass: float
) -> None:
    seen = shoot(gun(pdg_id, 50, pt=2.0))
    tracks = seen.charge != 0
    assert set(seen.category[tracks]) == {category}
    assert set(seen.charge[tracks]) == {1 if pdg_id == -13 else -1}
    p2 = seen.px**2 + seen.py**2 + seen.pz**2
    assert np.sqrt(seen.energy**2 - p2)[tracks] == pytest.approx(mass, abs=1e-5)


def test_a_track_s_energy_is_that_of_its_mass() -> None:
    columns = {field.name: np.zeros(2) for field in fields(Tracks)}
    momenta = {"px": [3.0, 3.0], "py": [4.0, 4.0], "pz": [12.0, 12.0], "mass": [0.0, 84.0]}
    tracks = Tracks(**columns | {name: np.array(column) for name, column in momenta.items()})
    assert tracks.energy.tolist() == [13.0, 85.0]


@pytest.mark.parametrize("eta", [0.3, 1.2, 2.0])
@pytest.mark.parametrize("pt", [0.5, 20.0])
def test_impact_parameters_have_normal_pulls(pt: float, eta: float) -> None:
    seen = shoot(gun(13, N, pt=pt, eta=eta, phi=0.0, vertex=(0.0, -0.2, 3.0)))
    tracks = seen.charge != 0
    # At the origin's scale the track is straight: along +x at y = -0.2, so d0 = +0.2.
    for value, error, truth in (
        (seen.d0, seen.d0_error, 0.2),
        (seen.dz, seen.dz_error, 3.0),
    ):
        pull = (value[tracks] - truth) / error[tracks]
        assert pull.mean() == pytest.approx(0.0, abs=tolerance(1.0, tracks.sum()))
        assert pull.std() == pytest.approx(1.0, abs=0.04)


def test_impact_errors_belong_to_the_measured_pt() -> None:
    seen = shoot(gun(13, N, pt=5.0, eta=2.0))
    pt = np.hypot(seen.px, seen.py)
    for error, resolution in ((seen.d0_error, CMS.tracking.d0), (seen.dz_error, CMS.tracking.dz)):
        expected = impact_resolution(resolution, pt, np.full(len(pt), 2.0))
        assert error == pytest.approx(expected, rel=1e-5)


def test_momentum_and_impact_parameters_fluctuate_independently() -> None:
    seen = shoot(gun(13, N, pt=50.0, eta=1.0))
    measured = (np.hypot(seen.px, seen.py), seen.d0 / seen.d0_error, seen.dz / seen.dz_error)
    correlation = np.corrcoef(measured)[np.triu_indices(3, 1)]
    assert correlation == pytest.approx(0.0, abs=tolerance(1.0, len(seen.px)))


# sigma(d0) and sigma(dz) [mm] read off arXiv:1405.6569, figure 15.
@pytest.mark.parametrize(
    ("name", "pt", "eta", "measured"),
    [
        ("d0", 0.30, 0.5, 0.2304),
        ("d0", 1.00, 0.5, 0.0753),
        ("d0", 9.0, 0.5, 0.0211),
        ("d0", 100.0, 0.5, 0.0104),
        ("d0", 1.00, 1.2, 0.0926),
        ("d0", 100.0, 1.2, 0.0102),
        ("d0", 1.00, 2.0, 0.1557),
        ("d0", 100.0, 2.0, 0.0130),
        ("dz", 1.00, 0.5, 0.1113),
        ("dz", 100.0, 0.5, 0.0283),
        ("dz", 1.00, 1.2, 0.1982),
        ("dz", 1.00, 2.0, 0.6695),
        ("dz", 100.0, 2.0, 0.0820),
    ],
)
def test_impact_parameter_resolution_is_the_published_one(
    name: str, pt: float, eta: float, measured: float
) -> None:
    resolution = getattr(CMS.tracking, name)
    sigma = impact_resolution(resolution, np.array([pt]), np.array([eta]))[0]
    assert sigma == pytest.approx(measured, rel=0.1)


def test_mean_d0_of_a_long_lived_particles_daughters_is_its_lifetime() -> None:
    """For a light daughter, isotropic in the rest frame of a fast mother, <|d0|> = c tau.

    d0 = L sin(psi) cos(azimuth), with L = gamma c t, sin(psi) = sin a / (gamma (1 + cos a)):
    the mean of sin a / (1 + cos a) is pi / 2, that of |cos(azimuth)| is 2 / pi.
    """
    rng = np.random.default_rng(5)
    n, mass, mother_pt, ctau = 20_000, 5.279, 500.0, 0.4911
    gamma_beta = mother_pt / mass
    gamma = np.hypot(1.0, gamma_beta)
    cos_a, azimuth = rng.uniform(-1.0, 1.0, n), rng.uniform(0.0, 2.0 * np.pi, n)
    sin_a = np.sqrt(1.0 - cos_a**2)
    along = mass / 2.0 * (gamma * cos_a + gamma_beta)
    side = mass / 2.0 * sin_a * np.cos(azimuth)
    up = mass / 2.0 * sin_a * np.sin(azimuth)
    length = gamma_beta * rng.exponential(ctau, n)
    pt = np.hypot(along, side)
    seen = shoot(
        gun(
            13,
            n,
            pt=pt,
            eta=np.arcsinh(up / pt),
            phi=np.arctan2(side, along),
            vertex=(length, 0.0, 0.0),
        ),
        {"impact_parameter_resolution_factor": 1e-3, "tracking_efficiency_factor": 2.0},
    )
    tracks = seen.charge != 0
    assert np.abs(seen.d0[tracks]).mean() == pytest.approx(ctau, rel=0.08)
    assert seen.d0[tracks].mean() == pytest.approx(0.0, abs=0.05)


def test_track_scale_and_resolution_factors() -> None:
    particles = gun(13, N, pt=50.0, eta=1.0)
    nominal = np.sqrt(0.015**2 + (1.5e-4 * 50.0) ** 2)
    scaled = shoot(particles, {"track_scale": 1.02, "track_resolution_factor": 3.0})
    pt = np.hypot(scaled.px, scaled.py)
    assert pt.mean() == pytest.approx(51.0, abs=tolerance(50.0 * 3.0 * nominal))
    assert pt.std() == pytest.approx(51.0 * 3.0 * nominal, rel=0.05)
    exact = shoot(particles, {"track_resolution_factor": 0.0})
    assert np.hypot(exact.px, exact.py) == pytest.approx(50.0)


def test_tracking_efficiency_factor() -> None:
    seen = shoot(gun(211, N, pt=5.0), {"tracking_efficiency_factor": 0.9})
    assert np.count_nonzero(seen.charge) / N == pytest.approx(0.855, abs=tolerance(0.352))
    everything = shoot(gun(211, N, pt=5.0), {"tracking_efficiency_factor": 2.0})
    assert np.count_nonzero(everything.charge) == N


def test_impact_parameter_resolution_factor() -> None:
    particles = gun(13, N, pt=5.0)
    nominal = shoot(particles)
    worse = shoot(particles, {"impact_parameter_resolution_factor": 1.5})
    assert worse.d0_error == pytest.approx(1.5 * nominal.d0_error)
    assert worse.d0.std() == pytest.approx(1.5 * nominal.d0.std(), rel=1e-5)
    assert worse.dz.std() == pytest.approx(1.5 * nominal.dz.std(), rel=1e-5)
