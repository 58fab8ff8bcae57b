"""A calorimeter of cells in η and φ: where energy falls, and what each cell measures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.card import Calorimeter
from rs3l_data.detect.noise import Noise

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
    ring_of_cell: I8
    """(n_cells,)"""
    constant: F8
    """(n_rings,) coefficients of the variance c E² + s E + n"""
    stochastic: F8
    """[GeV]"""
    noise: F8
    """[GeV²]"""

    def variance(self, ring: I8, energy: F8) -> F8:
        """Give the variance [GeV²] of the measured energy in cells with a true ``energy`` [GeV]."""
        return (self.constant[ring] * energy + self.stochastic[ring]) * energy + self.noise[ring]


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
    return Grid(
        eta_edges=np.concatenate([-eta_edges[:0:-1], eta_edges]),
        n_phi=both_sides,
        first_cell=np.concatenate([[0], np.cumsum(both_sides)]),
        ring_of_cell=np.repeat(np.arange(len(both_sides)), both_sides),
        constant=terms[:, 0].copy(),
        stochastic=terms[:, 1].copy(),
        noise=terms[:, 2].copy(),
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
    inside = (energy > 0.0) & (eta >= grid.eta_edges[0]) & (eta < grid.eta_edges[-1])
    deposit = np.flatnonzero(inside)
    ring = np.searchsorted(grid.eta_edges, eta[deposit], side="right") - 1
    turn = (phi[deposit] + np.pi) / (2.0 * np.pi)
    n_phi = grid.n_phi[ring]
    phi_bin = np.clip((turn * n_phi).astype(np.int64), 0, n_phi - 1)
    n_cells = grid.first_cell[-1]
    number = event[deposit] * n_cells + grid.first_cell[ring] + phi_bin
    hit, cell_of_deposit = np.unique(number, return_inverse=True)

    true_energy = sum_in_cells(cell_of_deposit, energy[deposit], len(hit))
    cell_event, cell = np.divmod(hit, n_cells)
    cell_ring = grid.ring_of_cell[cell]
    sigma = np.sqrt(grid.variance(cell_ring, true_energy))
    gauss = noise.normal(cell_event, 1)[0]
    return Cells(
        event=cell_event,
        ring=cell_ring,
        phi_bin=cell - grid.first_cell[cell_ring],
        energy=scale * (true_energy + sigma * gauss),
        deposit=deposit,
        cell_of_deposit=cell_of_deposit,
    )


def sum_in_cells(cell: I8, energy: F8, n_cells: int) -> F8:
    """Add up energies by cell, in the order given: a sum does not depend on the other cells."""
    return np.bincount(cell, energy, n_cells).astype(np.float64, copy=False)


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
