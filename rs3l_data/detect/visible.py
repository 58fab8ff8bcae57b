"""The particles that the detector can see."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.detect.propagation import Point
from rs3l_data.detect.species import INVISIBLE, classify
from rs3l_data.errors import GeneratorError
from rs3l_data.events.particles import Particles

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_MARGIN = 0.5
"""In η: a particle from a displaced vertex is seen from the origin at another η than its own"""


@dataclass(frozen=True, slots=True)
class Visible:
    """The particles that the detector can see, as flat arrays.

    First the charged ones, then the neutral ones; both are sorted by event.
    """

    n_charged: int
    event: I8
    category: npt.NDArray[np.uint8]
    charge: npt.NDArray[np.int8]
    """[e]"""
    is_v0: npt.NDArray[np.bool_]
    """Whether a particle is a K0_S or a Λ"""
    momentum: Point
    """px, py, pz [GeV]"""
    energy: F8
    """[GeV]"""
    vertex: Point
    """x, y, z of production [mm]"""


def visible_of(particles: Particles, eta_max: float) -> Visible:
    """Select the particles that a detector can see up to ``eta_max``.

    Raises
    ------
    GeneratorError
        If a momentum or vertex is not finite, or a parton is among the particles.
    """
    _require_finite(particles)
    species = classify(particles.pdg_id)
    n_charged, chosen, event = _choose(
        particles.offsets,
        species.category != INVISIBLE,
        species.charge,
        particles.px,
        particles.py,
        particles.pz,
        math.sinh(eta_max + _MARGIN),
    )
    return Visible(
        n_charged=n_charged,
        event=event,
        category=species.category[chosen],
        charge=species.charge[chosen],
        is_v0=species.is_v0[chosen],
        momentum=(particles.px[chosen], particles.py[chosen], particles.pz[chosen]),
        energy=particles.energy[chosen],
        vertex=(particles.x[chosen], particles.y[chosen], particles.z[chosen]),
    )


@njit(cache=True)
def _choose(
    offsets: I8,
    visible: npt.NDArray[np.bool_],
    charge: npt.NDArray[np.int8],
    px: F8,
    py: F8,
    pz: F8,
    cot_theta_max: float,
) -> tuple[int, I8, I8]:
    """List the visible particles inside, and the event of each; the charged ones come first."""
    chosen, event = np.empty(px.size, np.int64), np.empty(px.size, np.int64)
    n = n_charged = 0
    for charged in (True, False):
        for number in range(offsets.size - 1):
            for i in range(offsets[number], offsets[number + 1]):
                if not visible[i] or (charge[i] != 0) != charged:
                    continue
                if abs(pz[i]) < cot_theta_max * math.sqrt(px[i] * px[i] + py[i] * py[i]):
                    chosen[n], event[n] = i, number
                    n += 1
        if charged:
            n_charged = n
    return n_charged, chosen[:n], event[:n]


def _require_finite(particles: Particles) -> None:
    """Refuse NaN and infinity, which would make a particle vanish without a word."""
    for name in ("px", "py", "pz", "energy", "x", "y", "z"):
        column = getattr(particles, name)
        # The sum is the cheapest test: one value that is not finite makes it not finite.
        if not np.isfinite(column.sum()):
            raise GeneratorError(
                f"{name} of {np.count_nonzero(~np.isfinite(column))} of {len(column)} particles is "
                "not finite, expected numbers; a particle without a vertex is born at the origin: "
                "set its vertex to 0"
            )
