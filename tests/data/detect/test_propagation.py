from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import speed_of_light
from scipy.integrate import solve_ivp

from rs3l_data.detect.propagation import CURVATURE, Helix, helix, meet, straight

RADIUS, HALF_LENGTH, FIELD = 1290.0, 3000.0, 3.8

coordinate = st.floats(-400.0, 400.0)
component = st.floats(-20.0, 20.0)
charges = st.sampled_from([-2, -1, 1, 2])


def one_helix(
    momentum: tuple[float, ...], charge: int, vertex: tuple[float, ...], field: float = FIELD
) -> Helix:
    px, py, pz = (np.array([value]) for value in momentum)
    x, y, z = (np.array([value]) for value in vertex)
    return helix((px, py, pz), np.array([charge], np.int8), (x, y, z), field)


def test_radius_is_pt_over_0_3_b() -> None:
    path = one_helix((3.0, 4.0, 1.0), 1, (0.0, 0.0, 0.0))
    assert path.radius[0] == pytest.approx(5.0 / (1e-9 * speed_of_light * FIELD) * 1000.0)
    doubly = one_helix((3.0, 4.0, 1.0), 2, (0.0, 0.0, 0.0))
    assert doubly.radius[0] == pytest.approx(path.radius[0] / 2)


@pytest.mark.parametrize("pt", [2.0, 0.74])
@pytest.mark.parametrize("charge", [1, -1])
def test_prompt_particle_reaches_the_barrel_at_half_its_turning_angle(
    charge: int, pt: float
) -> None:
    pz = 0.5
    x, y, z = one_helix((pt, 0.0, pz), charge, (0.0, 0.0, 0.0)).leave(RADIUS, HALF_LENGTH)
    rho = pt / (CURVATURE * FIELD)
    turned = 2.0 * np.arcsin(RADIUS / (2.0 * rho))
    assert np.hypot(x, y)[0] == pytest.approx(RADIUS)
    # In a field along +z a positive charge turns clockwise.
    assert np.arctan2(y, x)[0] == pytest.approx(-charge * turned / 2.0)
    assert z[0] == pytest.approx(pz / pt * rho * turned)


@pytest.mark.parametrize("reach", [0.4, 0.95, 0.999])
def test_particle_too_soft_for_the_barrel_ends_on_an_endcap(reach: float) -> None:
    pt = reach * RADIUS / 2.0 * CURVATURE * FIELD
    x, y, z = one_helix((pt, 0.0, -0.2), 1, (0.0, 0.0, 0.0)).leave(RADIUS, HALF_LENGTH)
    assert z[0] == pytest.approx(-HALF_LENGTH)
    assert np.hypot(x, y)[0] <= 2.0 * pt / (CURVATURE * FIELD)


def test_particle_that_never_leaves_gets_a_finite_point() -> None:
    point = one_helix((0.3, 0.1, 0.0), 1, (1.0, 0.0, 0.0)).leave(RADIUS, HALF_LENGTH)
    assert np.isfinite(point).all()


@pytest.mark.parametrize(
    ("x", "z", "inside"),
    [(100.0, 200.0, True), (100.0, 3100.0, False), (100.0, -3100.0, False), (1300.0, 50.0, False)],
)
def test_who_is_born_outside_is_met_there(x: float, z: float, inside: bool) -> None:
    """Beyond an endcap as well as beyond the barrel."""
    nobody = (np.empty(0),) * 3
    surface = tuple(np.array([value]) for value in (1290.0, 0.0, 645.0))
    vertex = tuple(np.array([value]) for value in (x, 0.0, z))
    eta, phi = meet(nobody, surface, vertex, RADIUS, HALF_LENGTH)
    assert eta[0] == pytest.approx(np.arcsinh(0.5 if inside else z / x))
    assert phi[0] == 0


@given(component, component, component, coordinate, coordinate, coordinate)
def test_neutral_particle_flies_straight_to_the_surface(
    px: float, py: float, pz: float, x: float, y: float, z: float
) -> None:
    if np.hypot(px, py) < 0.05:
        return
    columns = [np.array([value]) for value in (px, py, pz, x, y, z)]
    end = np.array(straight(tuple(columns[:3]), tuple(columns[3:]), RADIUS, HALF_LENGTH))[:, 0]
    travelled = end - (x, y, z)
    momentum = np.array([px, py, pz])
    cosine = travelled @ momentum / np.linalg.norm(travelled) / np.linalg.norm(momentum)
    assert cosine == pytest.approx(1.0)
    on_barrel = np.isclose(np.hypot(end[0], end[1]), RADIUS) and abs(end[2]) <= HALF_LENGTH + 1e-6
    on_endcap = np.isclose(abs(end[2]), HALF_LENGTH) and np.hypot(*end[:2]) <= RADIUS + 1e-6
    assert on_barrel or on_endcap


@given(component, component, component, charges, coordinate, coordinate, coordinate)
def test_without_field_a_charged_particle_flies_straight(
    px: float, py: float, pz: float, charge: int, x: float, y: float, z: float
) -> None:
    if np.hypot(px, py) < 0.05:
        return
    curved = one_helix((px, py, pz), charge, (x, y, z), field=1e-9)
    columns = [np.array([value]) for value in (px, py, pz, x, y, z)]
    line = straight(tuple(columns[:3]), tuple(columns[3:]), RADIUS, HALF_LENGTH)
    np.testing.assert_allclose(curved.leave(RADIUS, HALF_LENGTH), line, atol=1e-3)


@settings(max_examples=25)
@given(component, component, component, charges, coordinate, coordinate, coordinate)
def test_helix_solves_the_equation_of_motion(
    px: float, py: float, pz: float, charge: int, x: float, y: float, z: float
) -> None:
    if np.hypot(px, py) < 0.1 or abs(pz) < 0.05:
        return

    def lorentz(_: float, state: np.ndarray) -> list[float]:
        # d(momentum)/d(path) = CURVATURE q (p/|p|) x B, with B along +z
        ux, uy, uz = state[3:] / np.linalg.norm(state[3:])
        force = CURVATURE * charge * FIELD
        return [ux, uy, uz, force * uy, -force * ux, 0.0]

    def at_surface(_: float, state: np.ndarray) -> float:
        return float(min(RADIUS - np.hypot(state[0], state[1]), HALF_LENGTH - abs(state[2])))

    at_surface.terminal = True  # type: ignore[attr-defined]
    speed_z = abs(pz) / np.linalg.norm((px, py, pz))
    integrated = solve_ivp(
        lorentz,
        (0.0, 2.5 * HALF_LENGTH / speed_z),
        [x, y, z, px, py, pz],
        events=at_surface,
        rtol=1e-9,
        atol=1e-9,
        max_step=100.0,
    )
    end = np.array(one_helix((px, py, pz), charge, (x, y, z)).leave(RADIUS, HALF_LENGTH))[:, 0]
    np.testing.assert_allclose(end, integrated.y_events[0][0][:3], atol=0.05)


def test_d0_sign_of_a_stiff_track() -> None:
    # Along +x at y = +5: d0 = x sin(phi) - y cos(phi) = -5.
    d0, dz, ux, uy = one_helix((1e6, 0.0, 2e6), 1, (30.0, 5.0, 7.0)).perigee()
    assert d0[0] == pytest.approx(-5.0, rel=1e-4)
    assert dz[0] == pytest.approx(7.0 - 2.0 * 30.0, rel=1e-4)
    assert (ux[0], uy[0]) == pytest.approx((1.0, 0.0), abs=1e-4)


def test_prompt_track_has_no_impact_parameter() -> None:
    d0, dz, ux, uy = one_helix((0.4, -0.3, 1.0), -1, (0.0, 0.0, 12.0)).perigee()
    assert d0[0] == 0.0
    assert dz[0] == pytest.approx(12.0)
    assert (ux[0], uy[0]) == pytest.approx((0.8, -0.6))


def test_circle_around_the_beam_line_has_its_known_d0() -> None:
    # Moving along +x, a positive charge at (30, y) has its circle's centre at (30, y - rho).
    pt = 1.0
    rho = pt / (CURVATURE * FIELD)
    for y in (-40.0, 25.0):
        d0, *_ = one_helix((pt, 0.0, 0.0), 1, (30.0, y, 0.0)).perigee()
        assert d0[0] == pytest.approx(np.hypot(30.0, y - rho) - rho)
        # The same track of the opposite charge curls the other way.
        d0, *_ = one_helix((pt, 0.0, 0.0), -1, (30.0, y, 0.0)).perigee()
        assert d0[0] == pytest.approx(rho - np.hypot(30.0, y + rho))


@given(component, component, component, charges, coordinate, coordinate, coordinate)
def test_perigee_is_the_closest_point_of_the_helix(
    px: float, py: float, pz: float, charge: int, x: float, y: float, z: float
) -> None:
    pt = np.hypot(px, py)
    if pt < 0.1:
        return
    path = one_helix((px, py, pz), charge, (x, y, z))
    d0, dz, ux, uy = (column[0] for column in path.perigee())
    at_x, at_y, at_z = (column[0] for column in path.point(np.zeros(1)))
    assert at_x * uy - at_y * ux == pytest.approx(d0, abs=1e-6)
    assert at_x * ux + at_y * uy == pytest.approx(0.0, abs=1e-6)
    assert at_z == pytest.approx(dz)
    # The vertex lies on the helix, and nothing of the circle is nearer than the perigee.
    centre = np.array([path.nx[0], path.ny[0]]) * path.distance[0]
    assert np.hypot(x - centre[0], y - centre[1]) == pytest.approx(path.radius[0])
    chi = np.linspace(-np.pi, np.pi, 200)
    around = Helix(*(np.repeat(getattr(path, name), len(chi)) for name in Helix._fields))
    xs, ys, _ = around.point(chi)
    assert np.hypot(xs, ys).min() >= abs(d0) - 1e-6
