"""Particle guns: known particles, and what the detector makes of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.seeds import event_keys
from rs3l_data.detect.candidates import Candidates
from rs3l_data.detect.detector import detect
from rs3l_data.events.particles import Particles
from rs3l_data.offsets import row_of_each
from rs3l_data.report.histograms import F8
from rs3l_data.store.tables import I8

IN_EVENT = 8
"""Particles in an event, evenly spread in φ: so far apart that no two meet in a cell"""


@dataclass(frozen=True, slots=True)
class Species:
    """A particle that guns shoot."""

    name: str
    pdg_id: int
    mass: float
    """[GeV], Particle Data Group, Phys. Rev. D 110, 030001 (2024)"""


CHARGED_HADRON = Species("charged hadron", 211, 0.13957)
ELECTRON = Species("electron", 11, 0.000511)
MUON = Species("muon", 13, 0.105658)
PHOTON = Species("photon", 22, 0.0)
NEUTRAL_HADRON = Species("neutral hadron", 130, 0.497611)


@dataclass(frozen=True, slots=True)
class Shots:
    """Particles of one species, pT and |η|, and what was seen of them."""

    energy: float
    """True energy of each [GeV]"""
    candidates: Candidates
    sector: I8
    """Which particle each candidate lies nearest to in φ, (n_candidates,)"""
    n: int
    """Number of particles"""

    def energies(self) -> F8:
        """Sum the candidates' energies for each particle, (n,) [GeV]."""
        sums: F8 = np.bincount(self.sector, self.candidates.energy, self.n).astype(np.float64)
        return sums

    def tracks(self) -> I8:
        """Find the candidates that are tracks."""
        return np.flatnonzero(self.candidates.charge != 0)


def shoot(
    species: Species, pt: float, abs_eta: float, n_events: int, card: DetectorCard, seed: int
) -> Shots:
    """Shoot particles from the origin at one pT [GeV] and at both signs of η, and detect them."""
    events = np.arange(n_events, dtype=np.int64)
    stage = f"gun/{species.name}/{pt:g}/{abs_eta:g}"
    n = n_events * IN_EVENT
    # A golden-ratio sequence sweeps all azimuths, so that no edge of a cell is special.
    start = 2 * np.pi * ((events * 0.6180339887498949) % 1.0)
    step = 2 * np.pi / IN_EVENT
    phi = np.repeat(start, IN_EVENT) + np.tile(np.arange(IN_EVENT) * step, n_events)
    eta = abs_eta * np.where(np.arange(n) % 2, -1.0, 1.0)
    energy = np.hypot(pt * np.cosh(abs_eta), species.mass)
    sign = np.where(np.arange(n) % 4 < 2, 1, -1) if species.pdg_id in (11, 13, 211) else 1
    particles = Particles(
        offsets=np.arange(n_events + 1) * IN_EVENT,
        pdg_id=np.broadcast_to(sign * species.pdg_id, n).astype(np.int32),
        px=pt * np.cos(phi),
        py=pt * np.sin(phi),
        pz=pt * np.sinh(eta),
        energy=np.full(n, energy),
        x=np.zeros(n),
        y=np.zeros(n),
        z=np.zeros(n),
    )
    candidates = detect(particles, card, event_keys(seed, "validation", stage, events))
    of = row_of_each(candidates.offsets)
    turn = (np.arctan2(candidates.py, candidates.px) - start[of]) / step
    sector = of * IN_EVENT + np.rint(turn).astype(np.int64) % IN_EVENT
    return Shots(float(energy), candidates, sector, n)
