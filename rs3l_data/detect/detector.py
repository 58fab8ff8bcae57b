"""The detector as a whole: stable particles in, particle-flow candidates out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.card import DetectorCard, EnergyFractions
from rs3l_data.describe.schema import Category
from rs3l_data.detect.assemble import assemble
from rs3l_data.detect.calorimeter import build_grid, measure
from rs3l_data.detect.candidates import Candidates
from rs3l_data.detect.noise import Noise
from rs3l_data.detect.particleflow import (
    Neutrals,
    charged_energy,
    has_excess,
    neutral_candidates,
    track_corrections,
)
from rs3l_data.detect.propagation import Point, helix, straight
from rs3l_data.detect.species import INVISIBLE, classify
from rs3l_data.detect.tracking import Tracks, track
from rs3l_data.errors import GeneratorError
from rs3l_data.simulate.particles import Particles

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


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


def detect(particles: Particles, card: DetectorCard, keys: npt.NDArray[np.uint64]) -> Candidates:
    """Detect a batch of events.

    Parameters
    ----------
    particles
        The stable particles; invisible ones are ignored.
    card
        The detector.
    keys : (n_events,)
        The events' random keys: an event's candidates depend on its particles, the card and its
        key, and not on the batch.

    Returns
    -------
    Candidates
        In each event: tracks in the order of their particles, photons and neutral hadrons in the
        order of the cells.

    Raises
    ------
    ValueError
        If there is not one key for each event.
    GeneratorError
        If a momentum or vertex is not finite, or a parton is among the particles.
    """
    if keys.shape != (particles.n_events,):
        raise ValueError(f"keys have shape {keys.shape}, expected ({particles.n_events},)")
    noise = Noise(keys)
    visible = _visible(particles, card.candidate_eta_max)
    tracks, eta, phi = _propagate(visible, card, noise)
    track_of_particle = np.full(len(visible.event), -1)
    track_of_particle[tracks.particle] = np.arange(len(tracks.particle))

    correction = np.zeros(len(tracks.particle))
    neutrals: list[Neutrals] = []
    for calorimeter, scale, factor in (
        (card.ecal, card.ecal_scale, card.ecal_resolution_factor),
        (card.hcal, card.hcal_scale, card.hcal_resolution_factor),
    ):
        grid = build_grid(calorimeter, factor)
        fraction = _fraction_absorbed(visible, calorimeter.fractions)
        cells = measure(grid, visible.event, eta, phi, fraction * visible.energy, scale, noise)
        of_track = fraction[tracks.particle]
        charged = charged_energy(
            cells, grid, track_of_particle, of_track * tracks.energy, tracks.relative_error
        )
        excess = has_excess(cells, charged, calorimeter.energy_min, calorimeter.significance_min)
        neutrals.append(neutral_candidates(cells, grid, charged, excess, noise))
        correction += of_track * track_corrections(cells, charged, excess, len(of_track))
    photons, neutral_hadrons = neutrals
    return assemble(tracks, 1.0 + correction, photons, neutral_hadrons, card, particles.n_events)


def _visible(particles: Particles, eta_max: float) -> Visible:
    _require_finite(particles)
    species = classify(particles.pdg_id)
    pt2 = particles.px**2 + particles.py**2
    # The margin is for particles from displaced vertices, seen from the origin at another η.
    central = np.abs(particles.pz) < np.sinh(eta_max + 0.5) * np.sqrt(pt2)
    seen = central & (species.category != INVISIBLE)
    charged = np.flatnonzero(seen & (species.charge != 0))
    neutral = np.flatnonzero(seen & (species.charge == 0))
    kept = np.concatenate([charged, neutral])
    event = np.repeat(np.arange(particles.n_events), np.diff(particles.offsets))
    return Visible(
        n_charged=len(charged),
        event=event[kept],
        category=species.category[kept],
        charge=species.charge[kept],
        is_v0=species.is_v0[kept],
        momentum=(particles.px[kept], particles.py[kept], particles.pz[kept]),
        energy=particles.energy[kept],
        vertex=(particles.x[kept], particles.y[kept], particles.z[kept]),
    )


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


def _propagate(visible: Visible, card: DetectorCard, noise: Noise) -> tuple[Tracks, F8, F8]:
    """Track the charged particles, and find where (η, φ) each particle meets the calorimeters.

    A particle born at or behind their surface meets them where it is born: so the energy of a
    K0_S that the generator let decay there is not lost.
    """
    radius, half_length = card.solenoid.radius, card.solenoid.half_length
    x, y, z = visible.vertex
    vertex_radius = np.sqrt(x * x + y * y)
    charged, neutral = slice(visible.n_charged), slice(visible.n_charged, None)

    path = helix(
        _part(visible.momentum, charged),
        visible.charge[charged],
        _part(visible.vertex, charged),
        card.solenoid.field,
    )
    tracks = track(
        path,
        visible.event[charged],
        vertex_radius[charged],
        visible.category[charged],
        visible.charge[charged],
        card,
        noise,
    )
    curved = path.leave(radius, half_length)
    straight_on = straight(
        _part(visible.momentum, neutral), _part(visible.vertex, neutral), radius, half_length
    )
    inside = (vertex_radius < radius) & (np.abs(z) < half_length)
    x, y, z = (
        np.where(inside, np.concatenate(ends), born)
        for *ends, born in zip(curved, straight_on, visible.vertex, strict=True)
    )
    return tracks, np.arcsinh(z / np.sqrt(x * x + y * y)), np.arctan2(y, x)


def _part(columns: Point, part: slice) -> Point:
    return columns[0][part], columns[1][part], columns[2][part]


def _fraction_absorbed(visible: Visible, fractions: EnergyFractions) -> F8:
    by_category = np.zeros(len(Category))
    for name in ("charged_hadron", "neutral_hadron", "photon", "electron"):
        by_category[Category[name.upper()]] = getattr(fractions, name)
    absorbed = by_category[visible.category]
    absorbed[visible.is_v0] = fractions.v0
    return absorbed
