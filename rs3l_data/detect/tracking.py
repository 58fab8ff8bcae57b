"""The tracker: which charged particles leave a track, and with what uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.describe.card import DetectorCard, ImpactResolution, TrackSpecies
from rs3l_data.describe.schema import Category
from rs3l_data.detect.noise import Noise
from rs3l_data.detect.propagation import Helix

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
U1 = npt.NDArray[np.uint8]
B1 = npt.NDArray[np.bool_]

# What reconstruction assumes, knowing no more than the category [GeV] (PDG 2024).
MASS = {Category.CHARGED_HADRON: 0.13957, Category.ELECTRON: 0.000511, Category.MUON: 0.105658}


@dataclass(frozen=True, slots=True)
class Tracks:
    """Reconstructed tracks, as flat arrays in the order of the charged particles."""

    particle: I8
    """Index of the charged particle that left the track"""
    event: I8
    px: F8
    """At the perigee [GeV]"""
    py: F8
    """[GeV]"""
    pz: F8
    """[GeV]"""
    mass: F8
    """Of the hypothesis: pion, electron or muon [GeV]"""
    relative_error: F8
    """σ(pT) / pT"""
    category: U1
    charge: npt.NDArray[np.int8]
    """[e]"""
    d0: F8
    """[mm]"""
    d0_error: F8
    """[mm]"""
    dz: F8
    """[mm]"""
    dz_error: F8
    """[mm]"""

    @property
    def energy(self) -> F8:
        """Energy under the mass hypothesis [GeV]."""
        return np.sqrt(self.px**2 + self.py**2 + self.pz**2 + self.mass**2)


def track(
    helix: Helix,
    event: I8,
    vertex_radius: F8,
    category: U1,
    charge: npt.NDArray[np.int8],
    card: DetectorCard,
    noise: Noise,
) -> Tracks:
    """Reconstruct the tracks of charged particles.

    Efficiency, momentum and impact parameters follow the card's tables. The momentum's modulus is
    smeared, not its direction; the impact parameters' errors are taken at the smeared pT, so that
    a pull is exactly standard normal.

    Parameters
    ----------
    helix
        Of the charged particles.
    event, category, charge : (n_charged,)
    vertex_radius : (n_charged,)
        Distance of the production vertex from the beam line [mm].
    """
    abs_eta = np.arcsinh(np.abs(helix.cot_theta))
    probability = tracking_efficiency(category, helix.pt, abs_eta, vertex_radius, card)
    found = np.flatnonzero(noise.uniform(event, 1)[0] < probability)
    event, pt, abs_eta = event[found], helix.pt[found], abs_eta[found]
    category, charge = category[found], charge[found]
    d0, dz, ux, uy = (column[found] for column in helix.perigee())

    gauss = noise.normal(event, 3)
    relative_error = momentum_resolution(category, pt, abs_eta, card)
    pt = card.track_scale * pt * log_normal(relative_error, gauss[0])
    factor = card.impact_parameter_resolution_factor
    d0_error = factor * impact_resolution(card.tracking.d0, pt, abs_eta)
    dz_error = factor * impact_resolution(card.tracking.dz, pt, abs_eta)
    mass = np.zeros(max(MASS) + 1)
    mass[list(MASS)] = list(MASS.values())
    return Tracks(
        particle=found,
        event=event,
        px=pt * ux,
        py=pt * uy,
        pz=pt * helix.cot_theta[found],
        mass=mass[category],
        relative_error=relative_error,
        category=category,
        charge=charge,
        d0=d0 + d0_error * gauss[1],
        d0_error=d0_error,
        dz=dz + dz_error * gauss[2],
        dz_error=dz_error,
    )


def tracking_efficiency(
    category: U1, pt: F8, abs_eta: F8, vertex_radius: F8, card: DetectorCard
) -> F8:
    """Give the probability that a charged particle leaves a track.

    The card's table times ``1 - r / radius_max`` for a particle born at the radius r.
    """
    probability = np.zeros(len(pt))
    for key, species in _species(card):
        table = species.efficiency
        columns = map(np.array, (table.eta_max, table.pt_min, table.values))
        _look_up(probability, category == key, abs_eta, pt, *columns)
    near = np.maximum(1.0 - vertex_radius / card.tracking.displacement.radius_max, 0.0)
    return np.minimum(card.tracking_efficiency_factor * probability * near, 1.0)


def momentum_resolution(category: U1, pt: F8, abs_eta: F8, card: DetectorCard) -> F8:
    """Give σ(pT)/pT = sqrt(constant² + (slope pT)²) for particles inside the tables."""
    sigma = np.zeros(len(pt))
    for key, species in _species(card):
        table = species.momentum
        columns = map(np.array, (table.eta_max, table.constant, table.slope))
        _add_in_quadrature(sigma, category == key, abs_eta, pt, *columns)
    return card.track_resolution_factor * sigma


def impact_resolution(resolution: ImpactResolution, pt: F8, abs_eta: F8) -> F8:
    """Give σ = sqrt(a² + b²/pT + c²/pT²) [mm] for particles inside the table."""
    terms = np.array([resolution.a, resolution.b, resolution.c])
    return _impact_resolution(abs_eta, pt, np.array(resolution.eta_max), terms)


def log_normal(relative_error: F8, gauss: F8) -> F8:
    """Turn standard normal numbers into positive factors of mean 1 and width ``relative_error``.

    A Gaussian of the width that stiff electrons have would go negative, and one in 1/pT has no
    mean; this is unbiased and positive at every width.
    """
    variance = np.log1p(relative_error**2)
    return np.exp(np.sqrt(variance) * gauss - 0.5 * variance)


def _species(card: DetectorCard) -> tuple[tuple[Category, TrackSpecies], ...]:
    tracking = card.tracking
    return (
        (Category.CHARGED_HADRON, tracking.charged_hadron),
        (Category.ELECTRON, tracking.electron),
        (Category.MUON, tracking.muon),
    )


@njit(cache=True)
def _bin(edges: F8, value: float) -> int:
    """Count the edges below a value: the tables are short, and counting beats halving."""
    n = 0
    for edge in edges:
        n += edge < value
    return n


@njit(cache=True)
def _band(eta_max: F8, abs_eta: float) -> int:
    """Give the band of a resolution, which has no value for a particle beyond the last."""
    band = _bin(eta_max, abs_eta)
    if band == eta_max.size:
        raise ValueError("a track lies beyond the last eta_max of the card's resolution")
    return band


@njit(cache=True)
def _look_up(out: F8, mine: B1, abs_eta: F8, pt: F8, eta_max: F8, pt_min: F8, values: F8) -> None:
    """Set ``out`` for the particles of a species that lie inside its table."""
    for i in range(pt.size):
        if mine[i]:
            row, column = _bin(eta_max, abs_eta[i]), _bin(pt_min, pt[i])
            if row < eta_max.size and column > 0:
                out[i] = values[row, column - 1]


@njit(cache=True)
def _add_in_quadrature(
    out: F8, mine: B1, abs_eta: F8, pt: F8, eta_max: F8, constant: F8, slope: F8
) -> None:
    """Set ``out`` for the particles of a species."""
    for i in range(pt.size):
        if mine[i]:
            band = _band(eta_max, abs_eta[i])
            out[i] = math.sqrt(constant[band] ** 2 + (slope[band] * pt[i]) ** 2)


@njit(cache=True)
def _impact_resolution(abs_eta: F8, pt: F8, eta_max: F8, terms: F8) -> F8:
    sigma = np.empty(pt.size)
    for i in range(pt.size):
        a, b, c = terms[:, _band(eta_max, abs_eta[i])]
        sigma[i] = math.sqrt(a**2 + b**2 / pt[i] + (c / pt[i]) ** 2)
    return sigma
