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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
Point = tuple[F8, F8, F8]

CURVATURE = 0.299792458e-3
"""pT = CURVATURE |q| B ρ [GeV / (e T mm)]: the speed of light in these units"""

# A particle with pz = 0 that curls up never reaches an endcap: it is stopped after many turns.
CHI_MAX = 1e6


@dataclass(frozen=True, slots=True)
class Helix:
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
        across = self.gap + 2.0 * self.radius * np.sin(0.5 * chi) ** 2
        along = self.sense * self.radius * np.sin(chi)
        x = self.nx * across + self.ny * along
        y = self.ny * across - self.nx * along
        return x, y, self.z_perigee + self.cot_theta * self.radius * chi

    def perigee(self) -> tuple[F8, F8, F8, F8]:
        """Give d0 [mm], dz [mm] and the transverse direction (u_x, u_y) at the perigee.

        ``d0 = x sin φ - y cos φ`` and ``dz = z`` there.
        """
        return -self.sense * self.gap, self.z_perigee, self.sense * self.ny, -self.sense * self.nx

    def leave(self, radius: float, half_length: float) -> Point:
        """Give the point [mm] where particles born inside a cylinder first reach its surface."""
        with np.errstate(divide="ignore", over="ignore"):
            sin2 = (radius**2 - self.gap**2) / (4.0 * self.distance * self.radius)
            to_end = np.copysign(half_length, self.cot_theta) - self.z_perigee
            chi_end = to_end / (self.cot_theta * self.radius)
        # A circle that stays inside the cylinder reaches the endcap only; sin² < 0 is met by
        # particles that were born outside, whose point means nothing.
        chi_barrel = 2.0 * np.arcsin(np.sqrt(np.clip(sin2, 0.0, 1.0)))
        chi = np.where(sin2 <= 1.0, np.minimum(chi_barrel, chi_end), chi_end)
        return self.point(np.minimum(chi, CHI_MAX))


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
    px, py, pz = momentum
    x, y, z = vertex
    pt = np.sqrt(px * px + py * py)
    ux, uy = px / pt, py / pt
    rho = pt / (CURVATURE * np.abs(charge) * field)
    sense = -np.sign(charge).astype(np.float64)
    along = x * ux + y * uy
    side = sense * (ux * y - uy * x)
    cx, cy = x - sense * rho * uy, y + sense * rho * ux
    distance = np.maximum(np.sqrt(cx * cx + cy * cy), 1e-300)
    chi_vertex = np.arctan2(along, rho + side)
    cot_theta = pz / pt
    return Helix(
        pt=pt,
        radius=rho,
        sense=sense,
        cot_theta=cot_theta,
        distance=distance,
        gap=(along * along + side * side + 2.0 * rho * side) / (distance + rho),
        nx=cx / distance,
        ny=cy / distance,
        z_perigee=z - cot_theta * rho * chi_vertex,
    )


def straight(momentum: Point, vertex: Point, radius: float, half_length: float) -> Point:
    """Give the point [mm] where neutral particles born inside a cylinder reach its surface.

    Parameters are those of `helix`; ``radius`` and ``half_length`` [mm] describe the cylinder.
    """
    px, py, pz = momentum
    x, y, z = vertex
    pt = np.sqrt(px * px + py * py)
    ux, uy, cot_theta = px / pt, py / pt, pz / pt
    along = x * ux + y * uy
    side = ux * y - uy * x
    to_barrel = np.sqrt(np.maximum(radius**2 - side * side, 0.0)) - along
    with np.errstate(divide="ignore", over="ignore"):
        to_end = (np.copysign(half_length, cot_theta) - z) / cot_theta
    path = np.minimum(to_barrel, to_end)
    return x + ux * path, y + uy * path, z + cot_theta * path
