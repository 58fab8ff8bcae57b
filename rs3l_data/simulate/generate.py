"""Generate hard events: the process level of Pythia alone, each event from its own seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.describe.schema import HARD_EVENTS, HARD_PARTICLES, Column
from rs3l_data.errors import GeneratorError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.simulate.initiators import Selection
from rs3l_data.simulate.pythia import initialise, prepared
from rs3l_data.simulate.record import FIRST

Progress = Callable[[int], None]

_ROWS = 10_000
_TRIES = 10_000  # More failures than this in one event: the cuts leave nothing.


def passes(selection: Selection, process: pythia8mc.Event) -> bool:
    """Say whether any initiator in Pythia's process record lies inside the cuts."""
    low, high = selection.pt
    return any(
        abs(p.id()) in selection.pdg_ids
        and low <= p.pT() <= high
        and abs(p.eta()) <= selection.abs_eta_max
        for p in (process[i] for i in range(FIRST + 2, process.size()))
    )


def generate(
    process: str,
    seed: int,
    settings: Sequence[str],
    selection: Selection,
    events: npt.NDArray[np.int64],
    seeds: npt.NDArray[np.int64],
    progress: Progress,
) -> tuple[HardEvents, HardRun]:
    """Generate one hard event for each event number.

    Parameters
    ----------
    seed
        The dataset's seed; kept with the run, the events follow from ``seeds``.
    settings
        As `rs3l_data.describe.settings.hard_settings` lists them.
    events, seeds
        Event numbers and Pythia seeds, (n_events,).
    progress
        Called with the number of events done, now and then.

    Raises
    ------
    GeneratorError
        If a setting is refused, or no event passes the selection.
    """
    pythia = prepared(settings)
    initialise(pythia)
    particles = _Rows(HARD_PARTICLES)
    rows = _Rows(HARD_EVENTS)
    offsets = np.zeros(len(events) + 1, np.int64)
    accepted, weight_accepted = 0, 0.0
    for done, (event, event_seed) in enumerate(
        zip(events.tolist(), seeds.tolist(), strict=True), 1
    ):
        pythia.rndm.init(event_seed)
        for _ in range(_TRIES):
            if not pythia.next():
                continue
            weight = pythia.infoPython().weight()
            accepted += 1
            weight_accepted += weight
            if passes(selection, pythia.process):
                break
        else:
            raise GeneratorError(
                f"process '{process}', event {event}: none of {_TRIES} tries passed the cuts on "
                f"the initiators {list(selection.pdg_ids)}, pT in {list(selection.pt)} GeV, "
                f"|eta| < {selection.abs_eta_max}; widen `hard.pt` or check the process"
            )
        particles.add(process_particles(pythia.process))
        rows.add([event_row(pythia, event)])
        offsets[done] = len(particles)
        if done % 100 == 0 or done == len(events):
            progress(done)
    info = pythia.infoPython()
    table = rows.columns()
    weight_selected = float(np.sum(table["weight"], dtype=np.float64))
    kept = weight_selected / weight_accepted
    run = HardRun(
        process=process,
        seed=seed,
        cross_section_mb=info.sigmaGen() * kept,
        cross_section_error_mb=info.sigmaErr() * kept,
        n_tried=info.nTried(),
        n_accepted=accepted,
        sum_of_weights=weight_selected,
    )
    return HardEvents(table, particles.columns(), offsets), run


class _Rows:
    """Rows that become columns some thousand at a time, since tuples take ten times the memory."""

    def __init__(self, columns: tuple[Column, ...]):
        self._columns = columns
        self._pending: list[tuple[float, ...]] = []
        self._parts: list[dict[str, npt.NDArray[np.generic]]] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, rows: list[tuple[float, ...]]) -> None:
        self._pending += rows
        self._length += len(rows)
        if len(self._pending) >= _ROWS:
            self._settle()

    def columns(self) -> dict[str, npt.NDArray[np.generic]]:
        self._settle()
        return {c.name: np.concatenate([p[c.name] for p in self._parts]) for c in self._columns}

    def _settle(self) -> None:
        if self._pending:
            self._parts.append(columns_of(self._columns, self._pending))
            self._pending = []


def process_particles(process: pythia8mc.Event) -> list[tuple[float, ...]]:
    """Read the process record, one tuple a particle in the order of `HARD_PARTICLES`."""
    return [
        (
            *(p.id(), p.status(), p.mother1(), p.mother2(), p.col(), p.acol()),
            *(p.px(), p.py(), p.pz(), p.e(), p.m(), p.tau(), p.pol(), p.scale()),
        )
        for p in (process[i] for i in range(FIRST, process.size()))
    ]


def event_row(pythia: pythia8mc.Pythia, event: int) -> tuple[float, ...]:
    """Read what belongs to the event as a whole, in the order of `HARD_EVENTS`."""
    info = pythia.infoPython()
    return (
        *(event, info.weight(), pythia.process.scale(), info.alphaS(), info.alphaEM()),
        *(info.id1pdf(), info.id2pdf(), info.x1pdf(), info.x2pdf(), info.pdf1(), info.pdf2()),
        *(info.QFac(), info.code()),
    )


def columns_of(
    columns: tuple[Column, ...], rows: list[tuple[float, ...]]
) -> dict[str, npt.NDArray[np.generic]]:
    """Turn rows into the schema's columns, (n_rows,) each."""
    values = zip(*rows, strict=True)
    return {c.name: np.array(v, c.numpy_dtype) for c, v in zip(columns, values, strict=True)}
