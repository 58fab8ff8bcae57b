"""What a detector card says a single particle is measured as: its formulas, written out once more.

`rs3l_data.detect` is not used here, so that the two check one another.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import numpy as np
from scipy.stats import norm

from rs3l_data.describe.card import Calorimeter, DetectorCard, ImpactResolution, TrackSpecies


def efficiency(species: TrackSpecies, pt: float, abs_eta: float, card: DetectorCard) -> float:
    """Look up the probability of a track for a particle from the beam line."""
    table = species.efficiency
    if abs_eta > table.eta_max[-1] or pt <= table.pt_min[0]:
        return 0.0
    row = table.values[bisect_left(table.eta_max, abs_eta)]
    value = row[bisect_left(table.pt_min, pt) - 1]
    return min(1.0, value * card.tracking_efficiency_factor)


def track_resolution(species: TrackSpecies, pt: float, abs_eta: float, card: DetectorCard) -> float:
    """Compute σ(pT)/pT of a track."""
    band = bisect_left(species.momentum.eta_max, abs_eta)
    constant, slope = species.momentum.constant[band], species.momentum.slope[band]
    return card.track_resolution_factor * float(np.hypot(constant, slope * pt))


def impact_resolution(
    resolution: ImpactResolution, pt: float, abs_eta: float, card: DetectorCard
) -> float:
    """Compute σ of d0 or dz [mm]."""
    band = bisect_left(resolution.eta_max, abs_eta)
    a, b, c = resolution.a[band], resolution.b[band], resolution.c[band]
    return card.impact_parameter_resolution_factor * float(
        np.sqrt(a**2 + b**2 / pt + (c / pt) ** 2)
    )


def neutral_response(
    energy: float, abs_eta: float, fractions: tuple[float, float], card: DetectorCard
) -> tuple[float, float]:
    """Compute mean and width of the measured over the true energy of an isolated neutral particle.

    A calorimeter measures a Gaussian about the energy that it absorbs and keeps it above a
    threshold; what is below counts as nothing.

    Parameters
    ----------
    fractions
        What the electromagnetic and the hadronic calorimeter absorb.
    """
    mean = variance = 0.0
    for calorimeter, fraction, scale, factor in (
        (card.ecal, fractions[0], card.ecal_scale, card.ecal_resolution_factor),
        (card.hcal, fractions[1], card.hcal_scale, card.hcal_resolution_factor),
    ):
        if fraction == 0:
            continue
        absorbed = fraction * energy
        sigma = factor * _sigma(calorimeter, absorbed, abs_eta)
        noise = factor * _sigma(calorimeter, 0.0, abs_eta)
        threshold = max(calorimeter.energy_min, calorimeter.significance_min * noise)
        threshold = max(threshold, card.candidate_pt_min * np.cosh(abs_eta))
        first, second = _above(scale * absorbed, scale * sigma, threshold)
        mean += first
        variance += second - first**2
    return mean / energy, float(np.sqrt(variance)) / energy


def _above(centre: float, sigma: float, threshold: float) -> tuple[float, float]:
    """Compute the first two moments of a Gaussian that is 0 where it is below a threshold."""
    if sigma == 0:
        kept = float(centre > threshold)
        return kept * centre, kept * centre**2
    cut = (threshold - centre) / sigma
    kept, density = norm.sf(cut), norm.pdf(cut)
    first = centre * kept + sigma * density
    second = (centre**2 + sigma**2) * kept + sigma * (centre + threshold) * density
    return float(first), float(second)


def _sigma(calorimeter: Calorimeter, energy: float, abs_eta: float) -> float:
    """Compute σ(E) [GeV] of the cells in the ring at ``abs_eta``: that of the ring's centre."""
    centre = _ring_centre(calorimeter, abs_eta)
    band = next(one for one in calorimeter.resolution if centre <= one.eta_max)
    level, curvature, middle = band.shape
    shape = level + curvature * (centre - middle) ** 2
    terms = (band.constant * energy, band.stochastic * np.sqrt(energy), band.noise)
    return float(shape * np.sqrt(sum(term**2 for term in terms)))


def _ring_centre(calorimeter: Calorimeter, abs_eta: float) -> float:
    for region in calorimeter.cells:
        for low, high in pairwise(region.eta_edges):
            if low <= abs_eta < high:
                width = (high - low) / region.rings
                return low + (int((abs_eta - low) / width) + 0.5) * width
    return abs_eta
