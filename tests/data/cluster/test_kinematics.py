from __future__ import annotations

import numpy as np
import pytest
import vector
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.cluster import kinematics
from tests.data.cluster.events import random_event

angles = st.floats(-20, 20)


def test_as_the_vector_package() -> None:
    px, py, pz, energy = random_event(200, seed=0).T
    expected = vector.array({"px": px, "py": py, "pz": pz, "E": energy})
    np.testing.assert_allclose(kinematics.pt(px, py), expected.pt, rtol=1e-12)
    np.testing.assert_allclose(kinematics.eta(px, py, pz), expected.eta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(kinematics.phi(px, py), expected.phi, rtol=1e-12)
    np.testing.assert_allclose(kinematics.mass(px, py, pz, energy), expected.mass, atol=1e-5)


@given(a=angles, b=angles)
def test_delta_phi_is_a_difference_on_the_circle(a: float, b: float) -> None:
    difference = kinematics.delta_phi(np.array(a), np.array(b))
    assert -np.pi <= difference <= np.pi
    assert np.cos(difference) == pytest.approx(np.cos(a - b), abs=1e-12)
    assert np.sin(difference) == pytest.approx(np.sin(a - b), abs=1e-12)


def test_half_a_turn_is_minus_pi() -> None:
    turn = np.array([np.pi, -np.pi, 3 * np.pi])
    np.testing.assert_allclose(kinematics.delta_phi(turn, np.zeros(3)), -np.pi)
    assert kinematics.phi(np.array(-1.0), np.array(0.0)) == -np.pi
    assert kinematics.phi(np.array(-1.0), np.array(-0.0)) == -np.pi


def test_space_like_by_rounding_is_massless() -> None:
    assert kinematics.mass(np.array(3.0), np.array(4.0), np.array(0.0), np.array(4.999999)) == 0.0
