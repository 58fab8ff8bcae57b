"""Particle flow: what a calorimeter sees beyond the tracks, and what it says about them.

In a cell with the measured energy E and tracks of the total energy P that point into it, the
expectation without neutral particles is E = P within ``σ² = σ_calo²(P) + σ_tracks²``. An E
significantly above it is a neutral particle of the energy E - P (arXiv:1706.04965, section 4);
otherwise E is a second measurement of the same charged particles, and the two are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.detect.calorimeter import Cells, Grid, place
from rs3l_data.detect.noise import Noise

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


class Charged(NamedTuple):
    """What the tracks say about the energy in each cell."""

    energy: F8
    """(n_cells,) total energy P of the tracks that point into the cell [GeV]"""
    variance: F8
    """(n_cells,) its variance σ_tracks² [GeV²]"""
    expected_variance: F8
    """(n_cells,) of E - P where there are no neutral particles: σ_calo²(P) + σ_tracks² [GeV²]"""
    track: I8
    """(n_links,) the tracks that point into a cell"""
    cell: I8
    """(n_links,) the cell"""


@dataclass(frozen=True, slots=True)
class Neutrals:
    """Massless neutral candidates of one calorimeter, as flat arrays sorted by event."""

    event: I8
    energy: F8
    """[GeV]"""
    eta: F8
    phi: F8
    """In [-π, π)"""


def charged_energy(
    cells: Cells, grid: Grid, track_of_particle: I8, energy: F8, relative_error: F8
) -> Charged:
    """Add up the tracks that point into each cell.

    Parameters
    ----------
    track_of_particle : (n_particles,)
        Index of the track that a particle left, -1 without one.
    energy : (n_tracks,)
        What each track's particle leaves in this calorimeter, by its measured momentum [GeV].
    relative_error : (n_tracks,)
        σ(p)/p.
    """
    total, variance, track, cell = _charged_energy(
        cells.deposit,
        cells.cell_of_deposit,
        len(cells.event),
        track_of_particle,
        energy,
        relative_error,
    )
    expected_variance = grid.variance(cells.ring, total) + variance
    return Charged(total, variance, expected_variance, track, cell)


@njit(cache=True)
def _charged_energy(
    deposit: I8,
    cell_of_deposit: I8,
    n_cells: int,
    track_of_particle: I8,
    energy: F8,
    relative_error: F8,
) -> tuple[F8, F8, I8, I8]:
    """Add up energies and their variances by cell, and list the links between tracks and cells."""
    total, variance = np.zeros(n_cells), np.zeros(n_cells)
    track, cell = np.empty(deposit.size, np.int64), np.empty(deposit.size, np.int64)
    n = 0
    for i in range(deposit.size):
        of_deposit = track_of_particle[deposit[i]]
        if of_deposit < 0:
            continue
        track[n], cell[n] = of_deposit, cell_of_deposit[i]
        error = energy[of_deposit] * relative_error[of_deposit]
        total[cell[n]] += energy[of_deposit]
        variance[cell[n]] += error * error
        n += 1
    return total, variance, track[:n], cell[:n]


def has_excess(
    cells: Cells, charged: Charged, energy_min: float, significance_min: float
) -> npt.NDArray[np.bool_]:
    """Say which cells hold more energy than their tracks explain.

    The excess must be above ``energy_min`` [GeV] and ``significance_min`` standard deviations of
    what the tracks alone would leave.
    """
    sigma = np.sqrt(charged.expected_variance)
    excess = cells.energy - charged.energy
    return excess > np.maximum(energy_min, significance_min * sigma)


def neutral_candidates(
    cells: Cells, grid: Grid, charged: Charged, excess: npt.NDArray[np.bool_], noise: Noise
) -> Neutrals:
    """Make a massless particle of the energy E - P in each cell with an excess.

    It lies at a random point of the cell, which so leaves no lattice in η and φ.
    """
    chosen = np.flatnonzero(excess)
    event = cells.event[chosen]
    eta, phi = place(grid, cells.ring[chosen], cells.phi_bin[chosen], noise.uniform(event, 2))
    return Neutrals(event, (cells.energy - charged.energy)[chosen], eta, phi)


def track_corrections(
    cells: Cells, charged: Charged, excess: npt.NDArray[np.bool_], n_tracks: int
) -> F8:
    """Average tracks and calorimeter in the cells that have tracks and no excess.

    The weights are the inverse variances, that of the calorimeter taken at the tracks' energy,
    since the measured one would give downward fluctuations more weight.

    Returns
    -------
    (n_tracks,)
        Relative change of each track's energy in this calorimeter, 0 without a cell.
    """
    return _track_corrections(cells.energy, charged, excess, n_tracks)


@njit(cache=True)
def _track_corrections(
    measured: F8, charged: Charged, excess: npt.NDArray[np.bool_], n_tracks: int
) -> F8:
    correction = np.zeros(n_tracks)
    for i in range(charged.track.size):
        at = charged.cell[i]
        if not excess[at] and charged.expected_variance[at] > 0.0:
            weight = charged.variance[at] / charged.expected_variance[at]
            change = max(measured[at], 0.0) / charged.energy[at] - 1.0
            correction[charged.track[i]] = weight * change
    return correction
