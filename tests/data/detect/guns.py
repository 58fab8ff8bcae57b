"""Particle guns: events of known particles, and what the detector makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.cards import load_card
from rs3l_data.detect.candidates import Candidates
from rs3l_data.detect.detector import detect
from rs3l_data.events.particles import COLUMNS, Particles
from rs3l_data.offsets import items_of, row_of_each

F8 = npt.NDArray[np.float64]
MASS = {11: 0.000511, 13: 0.105658, 22: 0.0, 130: 0.497611, 211: 0.13957, 2212: 0.938272}


def gun(
    pdg_id: int,
    n_events: int,
    *,
    pt: Any = None,
    energy: float | None = None,
    eta: Any = 0.0,
    phi: Any = 0.0,
    vertex: tuple[Any, Any, Any] = (0.0, 0.0, 0.0),
) -> Particles:
    """Make events of one particle each, by its pT or its energy (then massless)."""
    if energy is not None:
        pt = energy / np.cosh(eta)
    pt, eta, phi = (np.broadcast_to(np.asarray(v, float), n_events) for v in (pt, eta, phi))
    mass = 0.0 if energy is not None else MASS.get(abs(pdg_id), 0.0)
    x, y, z = (np.broadcast_to(np.asarray(v, float), n_events).copy() for v in vertex)
    pz = pt * np.sinh(eta)
    return Particles(
        offsets=np.arange(n_events + 1),
        pdg_id=np.full(n_events, pdg_id, np.int32),
        px=pt * np.cos(phi),
        py=pt * np.sin(phi),
        pz=pz,
        energy=np.sqrt(pt**2 + pz**2 + mass**2),
        x=x,
        y=y,
        z=z,
    )


def overlay(*guns: Particles) -> Particles:
    """Put the i-th events of several guns together."""
    n_events = guns[0].n_events
    columns = {
        name: np.stack([getattr(one, name) for one in guns], axis=1).ravel() for name in COLUMNS
    }
    return Particles(offsets=np.arange(n_events + 1) * len(guns), **columns)


def select(particles: Particles, events: npt.NDArray[np.int64]) -> Particles:
    """Take some events of a batch, in the order given."""
    offsets, rows = items_of(particles.offsets, events)
    return Particles(offsets, *(getattr(particles, name)[rows] for name in COLUMNS))


def shoot(
    particles: Particles, overrides: Mapping[str, Any] | None = None, seed: int = 0
) -> Candidates:
    """Detect the events with the CMS card and fixed keys."""
    keys = np.arange(particles.n_events, dtype=np.uint64) + np.uint64(1_000_003 * (seed + 1))
    return detect(particles, load_card("cms", overrides), keys)


def energy_per_event(candidates: Candidates, category: int | None = None) -> F8:
    """Add up the candidates' energies in each event."""
    chosen = np.ones(len(candidates.px), bool)
    if category is not None:
        chosen = candidates.category == category
    event, n_events = row_of_each(candidates.offsets), len(candidates.offsets) - 1
    return np.bincount(event[chosen], candidates.energy[chosen], n_events).astype(float)


def jumble(n_events: int, seed: int) -> Particles:
    """Make events of many particles of all kinds, crowded into one jet, some displaced."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 60, n_events)
    n = int(counts.sum())
    pdg_id = rng.choice(
        np.array([211, -211, 321, 2212, 22, 130, 2112, 310, 3122, 11, -13, 12], np.int32), n
    )
    pt, eta, phi = rng.exponential(4.0, n) + 0.05, rng.normal(0.0, 1.5, n), rng.normal(3.0, 0.3, n)
    far = np.where(rng.random(n) < 0.3, rng.exponential(200.0, n), 0.0)
    mass = np.array([MASS.get(abs(int(code)), 0.5) for code in pdg_id])
    pz = pt * np.sinh(eta)
    return Particles(
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        pdg_id=pdg_id,
        px=pt * np.cos(phi),
        py=pt * np.sin(phi),
        pz=pz,
        energy=np.sqrt(pt**2 + pz**2 + mass**2),
        x=far * np.cos(phi),
        y=far * np.sin(phi),
        z=far * np.sinh(eta),
    )
