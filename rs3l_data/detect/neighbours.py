"""Sums over the neighbours of each candidate in η and φ."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def neighbour_sums(
    offsets: I8,
    eta: F8,
    phi: F8,
    pt: F8,
    source: Mask,
    wanted: Mask,
    radii: tuple[float, float],
) -> F8:
    """Sum (pT / ΔR)² over the sources in a ring around each candidate that is wanted.

    The sources of an event are sorted by strips of φ, wider than the ring's radius, and in each
    strip by η: so a candidate is compared with those of three strips near its η alone.

    Parameters
    ----------
    offsets : (n_events + 1,)
    eta, phi, pt, source, wanted : (n_candidates,)
        φ in [-π, π], pT in GeV.
    radii
        Inner and outer radius of the ring, both included; the outer one at most 2π/3.

    Returns
    -------
    (n_candidates,)
        [GeV²], 0 for those that are not wanted or have no source near. The order in which the
        sources of an event are added does not depend on the other events.
    """
    n_strips = int(2.0 * math.pi / radii[1])
    if n_strips < 3:
        raise ValueError(f"the outer radius is {radii[1]}, expected at most 2π/3")
    width = 2.0 * math.pi / n_strips
    strip = np.minimum(((phi + math.pi) / width).astype(np.int64), n_strips - 1)
    return np.asarray(
        _neighbour_sums(offsets, eta, phi, pt, source, wanted, strip, n_strips, *radii)
    )


# Between the strips' numbers, more than the range of η.
_APART = 1000.0


@njit(cache=True)
def _neighbour_sums(
    offsets: I8,
    eta: F8,
    phi: F8,
    pt: F8,
    source: Mask,
    wanted: Mask,
    strip: I8,
    n_strips: int,
    r_min: float,
    r_max: float,
) -> F8:
    place = _APART * strip + eta
    sums = np.zeros(eta.size)
    for event in range(offsets.size - 1):
        first, last = offsets[event], offsets[event + 1]
        near = first + np.flatnonzero(source[first:last])
        near = near[np.argsort(place[near], kind="mergesort")]
        eta_near, phi_near, pt_near, place_near = eta[near], phi[near], pt[near], place[near]
        for i in range(first, last):
            if not wanted[i]:
                continue
            total = 0.0
            for step in range(-1, 2):
                centre = _APART * ((strip[i] + step) % n_strips) + eta[i]
                for j in range(np.searchsorted(place_near, centre - r_max), near.size):
                    if place_near[j] > centre + r_max:
                        break
                    d_eta = eta_near[j] - eta[i]
                    d_phi = abs(phi_near[j] - phi[i])
                    if d_phi > math.pi:
                        d_phi = 2.0 * math.pi - d_phi
                    distance2 = d_eta * d_eta + d_phi * d_phi
                    if r_min * r_min <= distance2 <= r_max * r_max:
                        total += pt_near[j] * pt_near[j] / distance2
            sums[i] = total
    return sums
