"""Pythia's event records as flat arrays, taken out of `nextBatch` without copies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.events.particles import Particles
from rs3l_data.offsets import offsets_of

F8 = npt.NDArray[np.float64]
I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]

FIRST = 3
"""Lines at the beginning of a record that are no particles: the system and the two beams."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a batch of events; mothers and daughters count within their event."""

    generated: npt.NDArray[np.bool_]
    """Whether Pythia delivered the event, (n_events,)"""
    offsets: npt.NDArray[np.int64]
    """(n_events + 1,); an event that was not delivered has an empty slice"""
    pdg_id: npt.NDArray[np.int32]
    status: npt.NDArray[np.int32]
    mother1: npt.NDArray[np.int32]
    mother2: npt.NDArray[np.int32]
    daughter1: npt.NDArray[np.int32]
    daughter2: npt.NDArray[np.int32]
    momentum: tuple[npt.NDArray[np.float64], ...]
    """px, py, pz, E [GeV]"""
    mass: npt.NDArray[np.float64]
    """[GeV]"""
    vertex_index: npt.NDArray[np.int32]
    """Where in `vertices` an entry was produced; negative: in the primary vertex"""
    vertices: tuple[F8, F8, F8]
    """x, y, z [mm]"""


def read(events: ak.Array) -> Records:
    """Read what ``pythia.nextBatch(n, "none")`` returned, even if no event was delivered."""
    index = np.asarray(events.layout.index.data)
    generated = index >= 0
    if not generated.any():
        return _nothing(len(index))
    lists = events.layout.content.content("prt")
    record = lists.content
    counts = np.zeros(len(index), np.int64)
    counts[generated] = np.diff(np.asarray(lists.offsets.data))[index[generated]]
    vertex = record.content("vProd")

    def column(owner: Any, name: str) -> npt.NDArray[Any]:
        return np.asarray(owner.content(name).data)

    return Records(
        generated=generated,
        offsets=offsets_of(counts),
        pdg_id=column(record, "id"),
        status=column(record, "status"),
        mother1=column(record, "mother1"),
        mother2=column(record, "mother2"),
        daughter1=column(record, "daughter1"),
        daughter2=column(record, "daughter2"),
        momentum=tuple(column(record.content("p"), name) for name in ("px", "py", "pz", "e")),
        mass=column(record, "m"),
        vertex_index=np.asarray(vertex.index.data),
        vertices=(
            column(vertex.content, "px"),
            column(vertex.content, "py"),
            column(vertex.content, "pz"),
        ),
    )


def shower_weights(events: ak.Array) -> F8:
    """Read the weights that Pythia gave the events that it delivered, (n_delivered,)."""
    index = np.asarray(events.layout.index.data)
    if not (index >= 0).any():
        return np.zeros(0)
    lists = events.layout.content.content("info").content("weights")
    # Each event has its own first, then those of other settings.
    weights: F8 = np.asarray(lists.content.data)[np.asarray(lists.offsets.data)[:-1]]
    return weights


def _nothing(n_events: int) -> Records:
    """Make the records of events of which none was delivered: Pythia leaves their columns out."""
    none, nowhere = np.zeros(0, np.int32), np.zeros(0)
    return Records(
        generated=np.zeros(n_events, np.bool_),
        offsets=np.zeros(n_events + 1, np.int64),
        pdg_id=none,
        status=none,
        mother1=none,
        mother2=none,
        daughter1=none,
        daughter2=none,
        momentum=(nowhere,) * 4,
        mass=nowhere,
        vertex_index=none,
        vertices=(nowhere, nowhere, nowhere),
    )


def spread(records: Records, positions: npt.NDArray[np.int64], n_events: int) -> Records:
    """Put the events of some positions among those of all: the others were not delivered."""
    generated = np.zeros(n_events, np.bool_)
    counts = np.zeros(n_events, np.int64)
    generated[positions] = records.generated
    counts[positions] = np.diff(records.offsets)
    offsets = offsets_of(counts)
    return replace(records, generated=generated, offsets=offsets)


def stable(records: Records) -> Particles:
    """Select the particles that leave the generator: those that did not decay."""
    offsets, chosen = _final(records.offsets, records.status)
    positions = _positions(chosen, records.vertex_index, records.vertices)
    momentum_and_position = (*(values[chosen] for values in records.momentum), *positions)
    return Particles(offsets, records.pdg_id[chosen], *momentum_and_position)


@njit(cache=True)
def _final(offsets: I8, status: I4) -> tuple[I8, I8]:
    """List the entries of each event that did not decay."""
    chosen, ends = np.empty(status.size, np.int64), np.zeros(offsets.size, np.int64)
    n = 0
    for event in range(offsets.size - 1):
        for i in range(offsets[event], offsets[event + 1]):
            chosen[n] = i
            n += status[i] > 0
        ends[event + 1] = n
    return ends, chosen[:n].copy()


@njit(cache=True)
def _positions(chosen: I8, vertex_index: I4, vertices: tuple[F8, F8, F8]) -> tuple[F8, F8, F8]:
    """Give x, y, z of production [mm], the primary vertex being the origin."""
    x, y, z = np.zeros(chosen.size), np.zeros(chosen.size), np.zeros(chosen.size)
    for i in range(chosen.size):
        at = vertex_index[chosen[i]]
        if at >= 0:
            x[i], y[i], z[i] = vertices[0][at], vertices[1][at], vertices[2][at]
    return x, y, z
