"""Bunch crossings: hard events with the particles of further collisions laid over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.pileup import Pileup
from rs3l_data.events.particles import Particles
from rs3l_data.offsets import items_of, offsets_of, row_of_each

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Collisions:
    """The pile-up collisions of a batch of events, as flat arrays.

    Event ``i`` owns the slice ``offsets[i]:offsets[i + 1]`` of every column.
    """

    offsets: I8
    """(n_events + 1,)"""
    source: I8
    """Number of the minimum-bias event"""
    turn: F8
    """Angle about the beam by which it is turned [rad]"""
    z: F8
    """Where it happens, relative to the primary vertex [mm]"""


def draw_collisions(
    keys: npt.NDArray[np.uint64], pileup: Pileup, n_sample_events: int
) -> Collisions:
    """Draw the collisions of each event's crossing from its key alone.

    Their number is Poisson distributed, each is one of the minimum-bias events (one may come
    twice), turned by a random angle about the beam, under which proton collisions are symmetric.
    All vertices, that of the hard event included, spread along the beam as a Gaussian; relative
    to the primary vertex, those of one crossing therefore shift together.

    Parameters
    ----------
    keys : (n_events,)
        As `rs3l_data.describe.seeds.event_keys` derives them.
    n_sample_events
        Minimum-bias events to draw from.
    """
    counts, columns = [], []
    for key in keys.tolist():
        generator = np.random.Generator(np.random.Philox(key=key))
        n = int(generator.poisson(pileup.mean))
        source = generator.integers(n_sample_events, size=n)
        turn = 2.0 * np.pi * generator.random(n)
        z = pileup.vertex_z_sigma * generator.standard_normal(n + 1)
        counts.append(n)
        columns.append((source, turn, z[1:] - z[0]))
    source, turn, z = (
        np.concatenate([np.empty(0, dtype), *(column[i] for column in columns)])
        for i, dtype in enumerate((np.int64, np.float64, np.float64))
    )
    return Collisions(offsets_of(counts), source, turn, z)


def overlay(hard: Particles, collisions: Collisions, sample: Particles) -> Particles:
    """Lay the particles of pile-up collisions over those of hard events.

    Parameters
    ----------
    hard
        Stable particles of a batch of hard events.
    collisions
        Of the same events.
    sample
        Stable particles of the minimum-bias events.

    Returns
    -------
    In each event: the particles of the hard event, then those of each collision.
    """
    ends, chosen = items_of(sample.offsets, collisions.source)
    collision = row_of_each(ends)
    # Where each event's pile-up begins among all pile-up particles.
    offsets = ends[collisions.offsets]
    cos, sin = np.cos(collisions.turn)[collision], np.sin(collisions.turn)[collision]
    px, py = _turned(sample.px[chosen], sample.py[chosen], cos, sin)
    x, y = _turned(sample.x[chosen], sample.y[chosen], cos, sin)
    z = sample.z[chosen] + collisions.z[collision]

    n_hard = len(hard.px)
    of_hard = np.arange(n_hard) + np.repeat(offsets[:-1], np.diff(hard.offsets))
    of_pileup = np.arange(len(chosen)) + np.repeat(hard.offsets[1:], np.diff(offsets))

    def merged(from_hard: npt.NDArray[Any], from_pileup: npt.NDArray[Any]) -> npt.NDArray[Any]:
        column = np.empty(n_hard + len(chosen), from_hard.dtype)
        column[of_hard], column[of_pileup] = from_hard, from_pileup
        return column

    return Particles(
        hard.offsets + offsets,
        merged(hard.pdg_id, sample.pdg_id[chosen]),
        merged(hard.px, px),
        merged(hard.py, py),
        merged(hard.pz, sample.pz[chosen]),
        merged(hard.energy, sample.energy[chosen]),
        merged(hard.x, x),
        merged(hard.y, y),
        merged(hard.z, z),
    )


def _turned(x: F8, y: F8, cos: F8, sin: F8) -> tuple[F8, F8]:
    return cos * x - sin * y, sin * x + cos * y
