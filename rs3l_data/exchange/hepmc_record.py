"""One HepMC3 event as flat arrays: its particles, how they follow each other, where they begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyhepmc

I8 = npt.NDArray[np.int64]

NONE = -1
"""A particle that begins or ends in no vertex"""


@dataclass(frozen=True, slots=True)
class Record:
    """The particles of one event."""

    pdg_id: npt.NDArray[np.int32]
    status: npt.NDArray[np.int32]
    """1: leaves the generator"""
    momentum: npt.NDArray[np.float64]
    """(n_particles, 4): px, py, pz, E [GeV]"""
    production: I8
    """Vertex in which a particle begins, or `NONE`"""
    end: I8
    """Vertex in which it ends, or `NONE`"""
    position: npt.NDArray[np.float64]
    """(n_vertices, 3): x, y, z [mm]"""

    def daughters(self, particle: int) -> I8:
        """List the particles that begin where this one ends."""
        if self.end[particle] == NONE:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.production == self.end[particle])

    def copies(self, particle: int) -> Iterator[int]:
        """Follow what a particle goes on as, the last daughter of its species each time.

        Raises
        ------
        ValueError
            If it comes back to itself.
        """
        for _ in range(len(self.pdg_id)):
            daughters = self.daughters(particle)
            same = daughters[self.pdg_id[daughters] == self.pdg_id[particle]]
            if len(same) == 0:
                return
            particle = int(same[-1])
            yield particle
        raise ValueError(f"its particle {particle + 1} descends from itself")

    def last_copy(self, particle: int) -> int:
        """Follow a particle to where it decays or hadronises."""
        return [particle, *self.copies(particle)][-1]

    def beginnings(self, particles: I8) -> npt.NDArray[np.float64]:
        """Find where particles begin, (n, 3) [mm]; the origin for those without a vertex."""
        at = self.production[particles]
        return np.where((at == NONE)[:, np.newaxis], 0.0, self.position[np.maximum(at, 0)])


def record_of(event: pyhepmc.GenEvent) -> Record:
    """Read an event, in GeV and mm.

    Raises
    ------
    ValueError
        If the vertices are not numbered from -1 on, each once, which HepMC3 does not ask for.
    """
    data = pyhepmc.GenEventData()
    event.write_data(data)
    particles = data.particles
    first, second = data.links1.astype(np.int64), data.links2.astype(np.int64)
    # A vertex's place in the list need not be what its number, which is negative, suggests.
    numbers, n_vertices = -event.numpy.vertices.id, len(data.vertices)
    odd = np.setdiff1d(numbers, np.arange(1, n_vertices + 1))
    if len(odd) or len(np.unique(numbers)) < n_vertices:
        found = f", found {-odd[0]}" if len(odd) else ", found one twice"
        raise ValueError(f"expected vertices from -1 to -{n_vertices}, each once{found}")
    vertex = np.zeros(n_vertices + 1, np.int64)
    vertex[numbers] = np.arange(n_vertices)
    production = np.full(len(particles), NONE)
    end = np.full(len(particles), NONE)
    # A link from a particle to a vertex, or the other way round.
    into = first > 0
    end[first[into] - 1] = vertex[-second[into]]
    production[second[~into] - 1] = vertex[-first[~into]]
    return Record(
        pdg_id=particles["pid"].copy(),
        status=particles["status"].copy(),
        momentum=np.stack([particles[name] for name in ("px", "py", "pz", "e")], axis=1),
        production=production,
        end=end,
        position=_positions(data, production, end),
    )


def _positions(data: Any, production: I8, end: I8) -> npt.NDArray[np.float64]:
    """Give each vertex its position: a vertex without one stands where its first mother began."""
    given = np.stack([data.vertices[name] for name in ("x", "y", "z")], axis=1)
    n = len(given)
    mother = np.full(n, NONE)
    ends = np.flatnonzero(end != NONE)[::-1]
    mother[end[ends]] = ends
    source = np.arange(n)
    inherits = (given == 0).all(axis=1) & (mother != NONE)
    source[inherits] = production[mother[inherits]]
    source = np.where(source == NONE, np.arange(n), source)
    # Each round doubles the generations that are jumped over.
    for _ in range(n.bit_length()):
        source = source[source]
    return given[source]
