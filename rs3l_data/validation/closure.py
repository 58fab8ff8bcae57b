"""The detector against its card: particle guns, measured and expected, by pT and |η|."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import binomtest, norm

from rs3l_data.describe.card import DetectorCard
from rs3l_data.report.histograms import F8
from rs3l_data.validation import expected
from rs3l_data.validation.guns import (
    CHARGED_HADRON,
    ELECTRON,
    MUON,
    NEUTRAL_HADRON,
    PHOTON,
    Species,
    shoot,
)
from rs3l_data.validation.verdicts import Test

PTS = (1.5, 5.0, 20.0, 80.0, 300.0)
"""[GeV], none of them at the edge of a bin of the cards"""
N_EVENTS = 500
"""Of each gun"""

_LEAST_TRACKS = 10
_LEAST_SEEN = 25
"""Neutral particles above the calorimeter's threshold, for a sum of them to be Gaussian"""
_CLEAR_OF_CUT = 2.0
"""Least pT of a gun over that of candidates: nearer to it, tracks would be lost and truncated"""
_ROUNDING = 1e-9

TRACKED = {CHARGED_HADRON: "charged_hadron", ELECTRON: "electron", MUON: "muon"}
"""Species with a track, and their names in the card"""
NEUTRAL = {PHOTON: "photon", NEUTRAL_HADRON: "neutral_hadron"}


@dataclass(frozen=True, slots=True)
class Point:
    """A quantity of one gun, measured and as the card has it."""

    species: str
    quantity: str
    """`efficiency`, `response`, `resolution`, `d0 resolution`, `dz resolution`; mean and width are
    those of measured over true pT of a track, or energy of a neutral particle"""
    pt: float
    """[GeV]"""
    abs_eta: float
    measured: float
    error: float
    """Statistical, of what is expected"""
    expected: float | None
    """None for what the card has no formula for, or too few particles were seen of"""
    n: int
    """Number of particles, tracks where the quantity is of tracks"""

    @property
    def pull(self) -> float | None:
        """Difference in units of its error."""
        if self.expected is None:
            return None
        difference = self.measured - self.expected
        if abs(difference) < _ROUNDING:
            return 0.0
        return difference / self.error if self.error > 0 else float(np.copysign(np.inf, difference))

    @property
    def p(self) -> float | None:
        """Probability of so large a difference by chance.

        An efficiency near 1 leaves few particles out, too few for a Gaussian: exact binomial test.
        """
        if self.pull is None or self.expected is None:
            return None
        if self.quantity == "efficiency":
            found = round(self.measured * self.n)
            return float(binomtest(found, self.n, self.expected).pvalue)
        return float(2 * norm.sf(abs(self.pull)))


def measure(card: DetectorCard, seed: int, n_events: int = N_EVENTS) -> list[Point]:
    """Shoot all guns at a detector whose momenta are well above the cut on candidates."""
    points: list[Point] = []
    pts = [pt for pt in PTS if pt > _CLEAR_OF_CUT * card.candidate_pt_min]
    for abs_eta in band_centres(card):
        for pt in pts:
            for species in TRACKED:
                points += _track(species, pt, abs_eta, n_events, card, seed)
            for species in NEUTRAL:
                points += _neutral(species, pt, abs_eta, n_events, card, seed)
            for species in (CHARGED_HADRON, ELECTRON):
                points += _particle_flow(species, pt, abs_eta, n_events, card, seed)
    return points


def band_centres(card: DetectorCard) -> list[float]:
    """List |η| in the middle of each band of the hadrons' momentum resolution."""
    edges = (0.0, *card.tracking.charged_hadron.momentum.eta_max)
    return [(low + high) / 2 for low, high in pairwise(edges)]


def tests(points: list[Point]) -> Iterator[Test]:
    """Make a test of each point that the card has a formula for."""
    for point in points:
        if point.pull is not None and point.p is not None:
            yield Test(
                "detector",
                point.species,
                f"pT {point.pt:g} GeV, |η| {point.abs_eta:g}",
                point.quantity,
                "pull",
                point.pull,
                point.p,
                uniform=True,
                detail={
                    "measured": point.measured,
                    "error": point.error,
                    "expected": point.expected,
                },
            )


def _track(
    species: Species, pt: float, abs_eta: float, n_events: int, card: DetectorCard, seed: int
) -> list[Point]:
    """Measure tracks alone: calorimeters of no weight have no say in their momentum."""
    blind = card.model_copy(update={"ecal_resolution_factor": 1e6, "hcal_resolution_factor": 1e6})
    shots = shoot(species, pt, abs_eta, n_events, blind, seed)
    table = getattr(card.tracking, TRACKED[species])
    tracks = shots.tracks()
    share = expected.efficiency(table, pt, abs_eta, card)
    error = float(np.sqrt(share * (1 - share) / shots.n))
    found = len(tracks) / shots.n
    points = [Point(species.name, "efficiency", pt, abs_eta, found, error, share, shots.n)]
    if len(tracks) < _LEAST_TRACKS:
        return points
    seen = shots.candidates
    ratio = np.hypot(seen.px, seen.py)[tracks] / pt
    width = expected.track_resolution(table, pt, abs_eta, card)
    n = len(ratio)
    mean, mean_error = card.track_scale, card.track_scale * width / float(np.sqrt(n))
    resolution, resolution_error = _log_normal_width(ratio, width)
    points += [
        Point(species.name, "response", pt, abs_eta, float(ratio.mean()), mean_error, mean, n),
        Point(species.name, "resolution", pt, abs_eta, resolution, resolution_error, width, n),
    ]
    if species is MUON:
        for name, values in (("d0", seen.d0), ("dz", seen.dz)):
            resolved = getattr(card.tracking, name)
            sigma = expected.impact_resolution(resolved, card.track_scale * pt, abs_eta, card)
            spread, error = _width(np.asarray(values[tracks], np.float64))
            points.append(
                Point(species.name, f"{name} resolution", pt, abs_eta, spread, error, sigma, n)
            )
    return points


def _neutral(
    species: Species, pt: float, abs_eta: float, n_events: int, card: DetectorCard, seed: int
) -> list[Point]:
    shots = shoot(species, pt, abs_eta, n_events, card, seed)
    fractions = (
        getattr(card.ecal.fractions, NEUTRAL[species]),
        getattr(card.hcal.fractions, NEUTRAL[species]),
    )
    mean, width = expected.neutral_response(shots.energy, abs_eta, fractions, card)
    ratio = shots.energies() / shots.energy
    n = len(ratio)
    # With the expected width: an observed one would be small by chance together with the mean.
    mean_error = width / float(np.sqrt(n))
    found, error = _width(ratio)
    # If few pass a threshold, mean / width is the root of their share.
    enough = mean * np.sqrt(n) >= width * np.sqrt(_LEAST_SEEN)
    known = (mean, width) if enough else (None, None)
    return [
        Point(species.name, "response", pt, abs_eta, float(ratio.mean()), mean_error, known[0], n),
        Point(species.name, "resolution", pt, abs_eta, found, error, known[1], n),
    ]


def _particle_flow(
    species: Species, pt: float, abs_eta: float, n_events: int, card: DetectorCard, seed: int
) -> list[Point]:
    """Measure all that a particle leaves; for this, tracks and calorimeters, there is no formula.

    Low momenta turn: what they leave in the calorimeters lies elsewhere in φ, so an event counts as
    a whole.
    """
    shots = shoot(species, pt, abs_eta, n_events, card, seed)
    per_event = shots.energies().reshape(n_events, -1)
    ratio = per_event.mean(1) / shots.energy
    mean, error = float(ratio.mean()), float(ratio.std() / np.sqrt(n_events))
    many = float(np.sqrt(per_event.shape[1]))
    width, width_error = _width(ratio)
    name = f"{species.name}, particle flow"
    return [
        Point(name, "response", pt, abs_eta, mean, error, None, shots.n),
        Point(name, "resolution", pt, abs_eta, many * width, many * width_error, None, shots.n),
    ]


def _log_normal_width(ratio: F8, expected_width: float) -> tuple[float, float]:
    """Measure the relative width of a log-normal factor by its logarithm, which is Gaussian.

    The width of a sample of the factor itself is far from Gaussian where it is as wide as that of
    stiff electrons. The error is that of a Gaussian with the expected width.
    """
    sigma = float(np.std(np.log(ratio), ddof=1))
    variance = float(np.log1p(expected_width**2))
    error_of_variance = variance * float(np.sqrt(2 / (len(ratio) - 1)))
    # d(width) / d(variance) of width = sqrt(exp(variance) - 1).
    slope = np.exp(variance) / (2 * expected_width) if expected_width > 0 else 0.0
    return float(np.sqrt(np.expm1(sigma**2))), float(slope * error_of_variance)


def _width(values: F8) -> tuple[float, float]:
    """Compute a standard deviation and its error, for any distribution with a fourth moment."""
    n = len(values)
    centred = values - values.mean()
    variance = float(np.mean(centred**2))
    fourth = float(np.mean(centred**4))
    if variance == 0:
        return 0.0, 0.0
    return float(np.sqrt(variance)), float(np.sqrt((fourth - variance**2) / n / (4 * variance)))
