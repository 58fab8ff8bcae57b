"""From Pythia's process record, event by event, to tables of hard events."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.describe.schema import HARD_EVENTS, HARD_PARTICLES, Column
from rs3l_data.events.hard_events import HardEvents
from rs3l_data.offsets import offsets_of
from rs3l_data.simulate.record import FIRST

Row = tuple[float, ...]
Columns = dict[str, npt.NDArray[Any]]

_PENDING = 10_000
"""Particles that are kept as tuples, which take ten times the memory of columns"""


class HardTable:
    """Hard events that come one by one."""

    def __init__(self) -> None:
        self._events: list[Row] = []
        self._particles: list[Row] = []
        self._counts: list[int] = []
        self._parts: list[tuple[Columns, Columns]] = []

    def add(self, event: Row, particles: list[Row]) -> None:
        """Add an event, as `event_row` and `process_particles` read it."""
        self._events.append(event)
        self._particles += particles
        self._counts.append(len(particles))
        if len(self._particles) >= _PENDING:
            self._settle()

    def hard_events(self) -> HardEvents:
        """Give all events; there has to be one."""
        self._settle()
        events, particles = (
            {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            for parts in zip(*self._parts, strict=True)
        )
        return HardEvents(events, particles, offsets_of(self._counts))

    def _settle(self) -> None:
        if self._events:
            events = columns_of(HARD_EVENTS, self._events)
            self._parts.append((events, columns_of(HARD_PARTICLES, self._particles)))
            self._events, self._particles = [], []


def process_particles(process: pythia8mc.Event) -> list[Row]:
    """Read the process record, one tuple a particle in the order of `HARD_PARTICLES`."""
    return [
        (
            *(p.id(), p.status(), p.mother1(), p.mother2(), p.col(), p.acol()),
            *(p.px(), p.py(), p.pz(), p.e(), p.m(), p.tau(), p.pol(), p.scale()),
        )
        for p in (process[i] for i in range(FIRST, process.size()))
    ]


def event_row(pythia: pythia8mc.Pythia, event: int) -> Row:
    """Read what belongs to the event as a whole, in the order of `HARD_EVENTS`."""
    info = pythia.infoPython()
    return (
        *(event, info.weight(), pythia.process.scale(), info.alphaS(), info.alphaEM()),
        *(info.id1pdf(), info.id2pdf(), info.x1pdf(), info.x2pdf(), info.pdf1(), info.pdf2()),
        *(info.QFac(), info.code()),
    )


def columns_of(columns: tuple[Column, ...], rows: list[Row]) -> Columns:
    """Turn rows into the schema's columns, (n_rows,) each."""
    values = zip(*rows, strict=True)
    return {c.name: np.array(v, c.numpy_dtype) for c, v in zip(columns, values, strict=True)}
