"""The way of a particle from its production vertex to the calorimeters, in a uniform field along z.

A charged particle moves on a helix. All points of it are described by the angle χ that it has
turned since its point of closest approach to the beam line (the z axis): χ = 0 is the perigee.
With ρ the radius of the circle, c its centre, s = ±1 the sense of rotation (+1 counter-clockwise,
seen from +z) and u the unit vector along the transverse momentum:

    centre                      c = r + s ρ (-u_y, u_x)
    production vertex at        tan χ0 = (r·u) / (ρ + s (u × r))
    transverse distance         |r(χ)|² = (|c| - ρ)² + 4 |c| ρ sin²(χ/2)

The differences of large numbers that a stiff track would bring (|c| - ρ) are taken analytically.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

F8 = npt.NDArray[np.float64]
Point = tuple[F8, F8, F8]

CURVATURE = 0.299792458e-3
"""pT = CURVATURE |q| B ρ [GeV / (e T mm)]: the speed of light in these units"""

# A particle with pz = 0 that curls up never reaches an endcap: it is stopped after many turns.
CHI_MAX = 1e6

# Divides by zero as IEEE 754 says: a particle without pz reaches an endcap at infinity.
_compiled = njit(cache=True, error_model="numpy")


class Helix(NamedTuple):
    """Helices, as flat arrays."""

    pt: F8
    """[GeV]"""
    radius: F8
    """Radius ρ of the circle in the transverse plane [mm]"""
    sense: F8
    """+1 counter-clockwise, -1 clockwise (positive charge in a field along +z)"""
    cot_theta: F8
    """pz / pT"""
    distance: F8
    """Distance |c| of the circle's centre from the beam line [mm]"""
    gap: F8
    """|c| - ρ [mm]: its modulus is the distance of closest approach"""
    nx: F8
    """Unit vector from the beam line to the centre"""
    ny: F8
    z_perigee: F8
    """[mm]"""

    def point(self, chi: F8) -> Point:
        """Give the position [mm] after turning by ``chi`` [rad] from the perigee."""
        return _points(self, chi, np.tan(0.5 * chi))

    def perigee(self) -> tuple[F8, F8, F8, F8]:
        """Give d0 [mm], dz [mm] and the transverse direction (u_x, u_y) at the perigee.

        ``d0 = x sin φ - y cos φ`` and ``dz = z`` there.
        """
        return -self.sense * self.gap, self.z_perigee, self.sense * self.ny, -self.sense * self.nx

    def leave(self, radius: float, half_length: float) -> Point:
        """Give the point [mm] where particles born inside a cylinder first reach its surface."""
        root, chi_end = _surfaces(self, radius, half_length)
        # A circle that stays inside the cylinder (root above 1) reaches the endcap only.
        chi_barrel = np.where(root <= 1.0, 2.0 * np.arcsin(np.minimum(root, 1.0)), CHI_MAX)
        return self.point(np.minimum(chi_barrel, chi_end))


def helix(momentum: Point, charge: npt.NDArray[np.int8], vertex: Point, field: float) -> Helix:
    """Describe the helices of charged particles.

    Parameters
    ----------
    momentum
        px, py, pz at the vertex [GeV], pT > 0.
    charge
        [e], not 0.
    vertex
        x, y, z of production [mm].
    field
        Along +z [T], greater than 0.
    """
    x, y, z = vertex
    pt, rho, sense, cot_theta, distance, gap, nx, ny, across, along = _circles(
        momentum, x, y, charge, field
    )
    chi_vertex = np.arctan2(along, across)
    z_perigee = z - cot_theta * rho * chi_vertex
    return Helix(pt, rho, sense, cot_theta, distance, gap, nx, ny, z_perigee)


def meet(
    curved: Point, straight_on: Point, vertex: Point, radius: float, half_length: float
) -> tuple[F8, F8]:
    """Give the direction, seen from the origin, in which each particle meets the cylinder.

    A particle born at the surface or behind it meets it where it is born.

    Parameters
    ----------
    curved, straight_on
        Where the charged particles and, after them, the neutral ones reach the surface [mm].
    vertex
        x, y, z of production of all of them [mm].

    Returns
    -------
    eta, phi : (n_particles,)
    """
    x, y, cot_theta = _seen_from_origin(curved, straight_on, vertex, radius, half_length)
    return np.arcsinh(cot_theta), np.arctan2(y, x)


# The loops: everything but sines, arcs and logarithms, for which NumPy uses the processor's
# vectors and a compiled loop does not.


@_compiled
def _circles(
    momentum: Point, x: F8, y: F8, charge: npt.NDArray[np.int8], field: float
) -> tuple[F8, F8, F8, F8, F8, F8, F8, F8, F8, F8]:
    """Describe the circles in the transverse plane, and where on them the vertices lie."""
    px, py, pz = momentum
    found = np.empty((10, px.size))
    pt, rho, sense, cot_theta, distance, gap, nx, ny, across, along = found
    for i in range(px.size):
        pt[i] = math.sqrt(px[i] * px[i] + py[i] * py[i])
        ux, uy = px[i] / pt[i], py[i] / pt[i]
        rho[i] = pt[i] / (CURVATURE * abs(charge[i]) * field)
        sense[i] = -1.0 if charge[i] > 0 else 1.0
        along[i] = x[i] * ux + y[i] * uy
        side = sense[i] * (ux * y[i] - uy * x[i])
        across[i] = rho[i] + side
        cx, cy = x[i] - sense[i] * rho[i] * uy, y[i] + sense[i] * rho[i] * ux
        distance[i] = max(math.sqrt(cx * cx + cy * cy), 1e-300)
        gap[i] = (along[i] * along[i] + side * side + 2.0 * rho[i] * side) / (distance[i] + rho[i])
        nx[i], ny[i] = cx / distance[i], cy / distance[i]
        cot_theta[i] = pz[i] / pt[i]
    return pt, rho, sense, cot_theta, distance, gap, nx, ny, across, along


@_compiled
def _surfaces(helix: Helix, radius: float, half_length: float) -> tuple[F8, F8]:
    """Give sin(χ/2) at the barrel and χ at the endcap."""
    rho, cot_theta = helix.radius, helix.cot_theta
    root, chi_end = np.empty(rho.size), np.empty(rho.size)
    for i in range(rho.size):
        # Below 0 for particles that were born outside, whose point means nothing.
        sin2 = (radius**2 - helix.gap[i] ** 2) / (4.0 * helix.distance[i] * rho[i])
        root[i] = math.sqrt(max(sin2, 0.0))
        to_end = math.copysign(half_length, cot_theta[i]) - helix.z_perigee[i]
        chi_end[i] = min(to_end / (cot_theta[i] * rho[i]), CHI_MAX)
    return root, chi_end


@_compiled
def _points(helix: Helix, chi: F8, tan_half_chi: F8) -> Point:
    rho, nx, ny = helix.radius, helix.nx, helix.ny
    x, y, z = np.empty(rho.size), np.empty(rho.size), np.empty(rho.size)
    for i in range(rho.size):
        # ρ sin χ, and of that 2 ρ sin²(χ/2): NumPy's sine takes five times as long as its tangent.
        sine = 2.0 * rho[i] * tan_half_chi[i] / (1.0 + tan_half_chi[i] * tan_half_chi[i])
        across = helix.gap[i] + tan_half_chi[i] * sine
        along = helix.sense[i] * sine
        x[i] = nx[i] * across + ny[i] * along
        y[i] = ny[i] * across - nx[i] * along
        z[i] = helix.z_perigee[i] + helix.cot_theta[i] * rho[i] * chi[i]
    return x, y, z


@_compiled
def straight(momentum: Point, vertex: Point, radius: float, half_length: float) -> Point:
    """Give the point [mm] where neutral particles born inside a cylinder reach its surface.

    Parameters are those of `helix`; ``radius`` and ``half_length`` [mm] describe the cylinder.
    """
    (px, py, pz), (x, y, z) = momentum, vertex
    end_x, end_y, end_z = np.empty(px.size), np.empty(px.size), np.empty(px.size)
    for i in range(px.size):
        pt = math.sqrt(px[i] * px[i] + py[i] * py[i])
        ux, uy, cot_theta = px[i] / pt, py[i] / pt, pz[i] / pt
        along = x[i] * ux + y[i] * uy
        side = ux * y[i] - uy * x[i]
        to_barrel = math.sqrt(max(radius**2 - side * side, 0.0)) - along
        to_end = (math.copysign(half_length, cot_theta) - z[i]) / cot_theta
        path = min(to_barrel, to_end)
        end_x[i], end_y[i] = x[i] + ux * path, y[i] + uy * path
        end_z[i] = z[i] + cot_theta * path
    return end_x, end_y, end_z


@_compiled
def _seen_from_origin(
    curved: Point, straight_on: Point, vertex: Point, radius: float, half_length: float
) -> Point:
    x, y, z = vertex
    seen_x, seen_y, cot_theta = np.empty(x.size), np.empty(x.size), np.empty(x.size)
    n_curved = curved[0].size
    for i in range(x.size):
        at = x[i], y[i], z[i]
        if math.sqrt(x[i] * x[i] + y[i] * y[i]) < radius and abs(z[i]) < half_length:
            if i < n_curved:
                at = curved[0][i], curved[1][i], curved[2][i]
            else:
                j = i - n_curved
                at = straight_on[0][j], straight_on[1][j], straight_on[2][j]
        seen_x[i], seen_y[i] = at[0], at[1]
        cot_theta[i] = at[2] / math.sqrt(at[0] * at[0] + at[1] * at[1])
    return seen_x, seen_y, cot_theta
