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

    The sources of an event are sorted in η, so that only those of a strip are looked at.

    Parameters
    ----------
    offsets : (n_events + 1,)
    eta, phi, pt, source, wanted : (n_candidates,)
        φ in [-π, π], pT in GeV.
    radii
        Inner and outer radius of the ring, both included.

    Returns
    -------
    (n_candidates,)
        [GeV²], 0 for those that are not wanted or have no source near. Each sum runs in rising η,
        so it does not depend on the other events.
    """
    return np.asarray(_neighbour_sums(offsets, eta, phi, pt, source, wanted, *radii))


@njit(cache=True)
def _neighbour_sums(
    offsets: I8,
    eta: F8,
    phi: F8,
    pt: F8,
    source: Mask,
    wanted: Mask,
    r_min: float,
    r_max: float,
) -> F8:
    sums = np.zeros(eta.size)
    for event in range(offsets.size - 1):
        first, last = offsets[event], offsets[event + 1]
        near = first + np.flatnonzero(source[first:last])
        near = near[np.argsort(eta[near], kind="mergesort")]
        eta_near, phi_near, pt_near = eta[near], phi[near], pt[near]
        for i in range(first, last):
            if not wanted[i]:
                continue
            total = 0.0
            for j in range(np.searchsorted(eta_near, eta[i] - r_max), near.size):
                d_eta = eta_near[j] - eta[i]
                if d_eta > r_max:
                    break
                d_phi = abs(phi_near[j] - phi[i])
                if d_phi > math.pi:
                    d_phi = 2.0 * math.pi - d_phi
                distance2 = d_eta * d_eta + d_phi * d_phi
                if r_min * r_min <= distance2 <= r_max * r_max:
                    total += pt_near[j] * pt_near[j] / distance2
            sums[i] = total
    return sums
