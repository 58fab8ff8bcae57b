"""The detector as a whole: stable particles in, particle-flow candidates out."""

from __future__ import annotations

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
from rs3l_data.detect.propagation import Point, helix, meet, straight
from rs3l_data.detect.tracking import Tracks, track
from rs3l_data.detect.visible import Visible, visible_of
from rs3l_data.events.particles import Particles

F8 = npt.NDArray[np.float64]


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
    visible = visible_of(particles, card.candidate_eta_max)
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


def _propagate(visible: Visible, card: DetectorCard, noise: Noise) -> tuple[Tracks, F8, F8]:
    """Track the charged particles, and find where (η, φ) each particle meets the calorimeters.

    A particle born at or behind their surface meets them where it is born: so the energy of a
    K0_S that the generator let decay there is not lost.
    """
    radius, half_length = card.solenoid.radius, card.solenoid.half_length
    charged, neutral = slice(visible.n_charged), slice(visible.n_charged, None)

    born = _part(visible.vertex, charged)
    path = helix(
        _part(visible.momentum, charged), visible.charge[charged], born, card.solenoid.field
    )
    x, y, _ = born
    tracks = track(
        path,
        visible.event[charged],
        np.sqrt(x * x + y * y),
        visible.category[charged],
        visible.charge[charged],
        card,
        noise,
    )
    curved = path.leave(radius, half_length)
    straight_on = straight(
        _part(visible.momentum, neutral), _part(visible.vertex, neutral), radius, half_length
    )
    return tracks, *meet(curved, straight_on, visible.vertex, radius, half_length)


def _part(columns: Point, part: slice) -> Point:
    return columns[0][part], columns[1][part], columns[2][part]


def _fraction_absorbed(visible: Visible, fractions: EnergyFractions) -> F8:
    by_category = np.zeros(len(Category))
    for name in ("charged_hadron", "neutral_hadron", "photon", "electron"):
        by_category[Category[name.upper()]] = getattr(fractions, name)
    absorbed = by_category[visible.category]
    absorbed[visible.is_v0] = fractions.v0
    return absorbed
