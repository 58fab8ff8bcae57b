"""A calorimeter of cells in η and φ: where energy falls, and what each cell measures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.describe.card import Calorimeter
from rs3l_data.detect.distinct import group
from rs3l_data.detect.noise import Noise
from rs3l_data.offsets import offsets_of

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """The rings of cells of a calorimeter, from negative to positive η."""

    eta_edges: F8
    """(n_rings + 1,)"""
    n_phi: I8
    """(n_rings,) cells in each ring"""
    first_cell: I8
    """(n_rings + 1,) number of the first cell of each ring; the last is the number of all cells"""
    ring_at: I8
    """(n_steps,) the ring at the lower edge of each of so many equal steps in η"""
    variance_terms: F8
    """(n_rings, 3) coefficients of the variance c E² + s E + n [1, GeV, GeV²]"""

    def variance(self, ring: I8, energy: F8) -> F8:
        """Give the variance [GeV²] of the measured energy in cells with a true ``energy`` [GeV]."""
        return _variances(self.variance_terms, ring, energy)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells that received energy, as flat arrays sorted by event and cell."""

    event: I8
    ring: I8
    phi_bin: I8
    energy: F8
    """Measured; noise can make it negative [GeV]"""
    deposit: I8
    """(n_deposits,) the particle of each deposit that fell into the grid"""
    cell_of_deposit: I8
    """(n_deposits,)"""


_STEPS = 1024
"""Of η in which a ring is looked up; most hold one edge at most, so no search is left to do"""


@lru_cache(maxsize=32)
def build_grid(card: Calorimeter, resolution_factor: float) -> Grid:
    """Lay out the rings of a calorimeter with the resolution at each ring's centre.

    ``σ² = shape(η)² (constant² E² + stochastic² E + noise²)``, all times ``resolution_factor²``.
    """
    edges, n_phi = [0.0], []
    for region in card.cells:
        for low, high in pairwise(region.eta_edges):
            edges += np.linspace(low, high, region.rings + 1)[1:].tolist()
            n_phi += [region.n_phi] * region.rings
    eta_edges = np.array(edges)
    both_sides = np.array(n_phi[::-1] + n_phi)
    eta = 0.5 * (eta_edges[1:] + eta_edges[:-1])
    terms = np.array([_variance_terms(card, float(centre)) for centre in eta])
    terms = np.concatenate([terms[::-1], terms]) * resolution_factor**2
    eta_edges = np.concatenate([-eta_edges[:0:-1], eta_edges])
    steps = np.linspace(eta_edges[0], eta_edges[-1], _STEPS, endpoint=False)
    return Grid(
        eta_edges=eta_edges,
        n_phi=both_sides,
        first_cell=offsets_of(both_sides),
        ring_at=np.searchsorted(eta_edges, steps, side="right") - 1,
        variance_terms=terms,
    )


def _variance_terms(card: Calorimeter, abs_eta: float) -> tuple[float, float, float]:
    band = next(band for band in card.resolution if abs_eta <= band.eta_max)
    level, curvature, centre = band.shape
    shape2 = (level + curvature * (abs_eta - centre) ** 2) ** 2
    return (
        shape2 * band.constant**2,
        shape2 * band.stochastic**2,
        shape2 * band.noise**2,
    )


def measure(
    grid: Grid, event: I8, eta: F8, phi: F8, energy: F8, scale: float, noise: Noise
) -> Cells:
    """Let particles leave their energy in the cells, and measure it.

    A cell measures ``scale (E + σ(E) g)`` with a standard normal g. The Gaussian is not cut at 0:
    so a cell is unbiased even where the electronic noise exceeds its energy. Nothing negative
    comes out of the detector, since a neutral candidate needs an energy above a threshold.

    Parameters
    ----------
    event, eta, phi, energy : (n_particles,)
        Where each particle meets the calorimeter, and what it leaves there [GeV].
    scale
        Factor on the measured energies.
    """
    deposit, ring, phi_bin, number = _fall(
        event, eta, phi, energy, grid.eta_edges, grid.ring_at, grid.n_phi, grid.first_cell
    )
    hit, cell_of_deposit = group(number)
    cell_event, cell_ring = event[deposit[hit]], ring[hit]
    true_energy = _sum_in_cells(cell_of_deposit, energy[deposit], len(hit))
    sigma = np.sqrt(grid.variance(cell_ring, true_energy))
    gauss = noise.normal(cell_event, 1)[0]
    return Cells(
        event=cell_event,
        ring=cell_ring,
        phi_bin=phi_bin[hit],
        energy=scale * (true_energy + sigma * gauss),
        deposit=deposit,
        cell_of_deposit=cell_of_deposit,
    )


@njit(cache=True)
def _fall(
    event: I8, eta: F8, phi: F8, energy: F8, eta_edges: F8, ring_at: I8, n_phi: I8, first_cell: I8
) -> tuple[I8, I8, I8, I8]:
    """Find the particles that leave energy in a cell: their index, ring, cell of the ring, number.

    The number counts the cells of all events.
    """
    found = np.empty((4, eta.size), np.int64)
    low, high = eta_edges[0], eta_edges[-1]
    steps_per_eta = ring_at.size / (high - low)
    n = 0
    for i in range(eta.size):
        if not (energy[i] > 0.0 and low <= eta[i] < high):
            continue
        # Rounding may lead into the step beside, hence both directions.
        ring = ring_at[min(int((eta[i] - low) * steps_per_eta), ring_at.size - 1)]
        while eta[i] >= eta_edges[ring + 1]:
            ring += 1
        while eta[i] < eta_edges[ring]:
            ring -= 1
        turn = (phi[i] + np.pi) / (2.0 * np.pi)
        phi_bin = max(0, min(int(turn * n_phi[ring]), n_phi[ring] - 1))
        found[0, n], found[1, n], found[2, n] = i, ring, phi_bin
        found[3, n] = event[i] * first_cell[-1] + first_cell[ring] + phi_bin
        n += 1
    return found[0, :n], found[1, :n], found[2, :n], found[3, :n]


@njit(cache=True)
def _sum_in_cells(cell: I8, energy: F8, n_cells: int) -> F8:
    """Add up energies by cell, in the order given: a sum does not depend on the other cells."""
    total = np.zeros(n_cells)
    for i in range(cell.size):
        total[cell[i]] += energy[i]
    return total


@njit(cache=True)
def _variances(terms: F8, ring: I8, energy: F8) -> F8:
    variance = np.empty(ring.size)
    for i in range(ring.size):
        constant, stochastic, noise = terms[ring[i], 0], terms[ring[i], 1], terms[ring[i], 2]
        variance[i] = (constant * energy[i] + stochastic) * energy[i] + noise
    return variance


def place(grid: Grid, ring: I8, phi_bin: I8, uniform: F8) -> tuple[F8, F8]:
    """Give η and φ of points spread uniformly over cells.

    Parameters
    ----------
    uniform : (2, n_cells)
        Numbers in [0, 1).
    """
    low, high = grid.eta_edges[ring], grid.eta_edges[ring + 1]
    eta = low + uniform[0] * (high - low)
    phi = (phi_bin + uniform[1]) * (2.0 * np.pi / grid.n_phi[ring]) - np.pi
    return eta, phi
