"""Transverse kinematics of four-momenta: pT, pseudorapidity, azimuth, mass, and distances.

Angles between jets, initiators and decay products are taken here in pseudorapidity. The clustering
and the substructure take theirs in rapidity, as their definitions say.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]


def pt(px: F8, py: F8) -> F8:
    """Transverse momentum [GeV].

    >>> float(pt(np.array(3.0), np.array(-4.0)))
    5.0
    """
    return np.hypot(px, py)


def eta(px: F8, py: F8, pz: F8) -> F8:
    """Pseudorapidity; ±inf along the beam, NaN for a vanishing momentum.

    >>> eta(np.array([1.0, 0.0]), np.array([0.0, 0.0]), np.array([0.0, -2.0]))
    array([  0., -inf])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.arcsinh(pz / np.hypot(px, py))


def phi(px: F8, py: F8) -> F8:
    """Azimuth in [-pi, pi) [rad].

    >>> phi(np.array([1.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0])).round(4)
    array([ 0.    ,  1.5708, -3.1416])
    """
    azimuth = np.arctan2(py, px)
    return np.where(azimuth < np.pi, azimuth, azimuth - 2 * np.pi)


def transverse(px: F8, py: F8, pz: F8) -> dict[str, F8]:
    """Give pT [GeV], η and φ [rad], as the columns of tables are called."""
    return {"pt": pt(px, py), "eta": eta(px, py, pz), "phi": phi(px, py)}


def mass(px: F8, py: F8, pz: F8, energy: F8) -> F8:
    """Invariant mass [GeV]; 0 where rounding has made a momentum space-like.

    >>> float(mass(np.array(3.0), np.array(0.0), np.array(0.0), np.array(5.0)))
    4.0
    """
    # The product loses fewer digits than the difference of squares where pz is close to E.
    squared = (energy + pz) * (energy - pz) - px * px - py * py
    return np.sqrt(np.maximum(squared, 0.0))


def delta_phi(phi_a: F8, phi_b: F8) -> F8:
    """``phi_a - phi_b`` on the circle, in [-pi, pi) [rad]; exact for small differences.

    >>> delta_phi(np.array([3.0, 0.5, np.pi]), np.array([-3.0, 0.2, 0.0])).round(4)
    array([-0.2832,  0.3   , -3.1416])
    """
    difference = phi_a - phi_b
    return difference - 2 * np.pi * np.floor(difference / (2 * np.pi) + 0.5)


def delta_r(eta_a: F8, phi_a: F8, eta_b: F8, phi_b: F8) -> F8:
    """Distance in the plane of pseudorapidity and azimuth.

    >>> float(delta_r(np.array(0.3), np.array(3.1), np.array(0.0), np.array(-3.1)).round(4))
    0.3113
    """
    return np.hypot(eta_a - eta_b, delta_phi(phi_a, phi_b))
