"""Hard events from Les Houches files: of MadGraph, POWHEG and others, or our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pylhe

from rs3l_data.describe.config import Config
from rs3l_data.describe.external import lhe_files
from rs3l_data.describe.schema import HARD_EVENTS, HARD_PARTICLES
from rs3l_data.describe.seeds import event_keys, pythia_seeds
from rs3l_data.describe.settings import hard_settings
from rs3l_data.errors import InputFileError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.events.weights import Weights
from rs3l_data.exchange.lhe_file import DECAYED, INCOMING, OUTGOING, Densities, Part, read_events
from rs3l_data.offsets import offsets_of
from rs3l_data.simulate.decay import decay
from rs3l_data.simulate.hard_table import columns_of

_PROTON = 2212
_PB_TO_MB = 1e-9
_STATUS = {INCOMING: -21, OUTGOING: 23, DECAYED: -22}
"""Les Houches status codes in Pythia's process record"""


def take_hard_events(
    config: Config,
    process: str,
    events: npt.NDArray[np.int64],
    progress: Callable[[int], None],
) -> tuple[HardEvents, HardRun]:
    """Take the hard events of a chunk from a process's files; Pythia decays their resonances.

    Parameters
    ----------
    events
        Consecutive event numbers, which are positions in the files, (n_events,).
    progress
        Called with the number of events done, now and then.

    Raises
    ------
    InputFileError
        If a file is missing, broken, of other beams than the config's, or the files hold too few
        events.
    GeneratorError
        If Pythia cannot make sense of an event.
    """
    paths = [Path(file) for file in lhe_files(config.processes[process].lhe)]
    parts = read_events(paths, range(int(events[0]), int(events[-1]) + 1))
    for part in parts:
        _check_beams(part, config.hard.energy)
    read = hard_events(parts, events, config.hard.energy)
    hard = decay(
        hard_settings(config, process),
        read,
        config.hard.energy,
        pythia_seeds(event_keys(config.seed, process, "hard", events)),
        progress,
    )
    return hard, _run(config, process, parts, read, hard)


def hard_events(parts: Sequence[Part], events: npt.NDArray[np.int64], energy: float) -> HardEvents:
    """Turn what was read into hard events, resonances as they came.

    Parameters
    ----------
    energy
        Centre-of-mass energy [GeV], which gives the momentum fractions that a file leaves out.

    Raises
    ------
    InputFileError
        If events have different further weights.
    """
    read = [event for part in parts for event in part.events]
    densities = [each for part in parts for each in part.densities]
    rows = [_event_row(*one, energy) for one in zip(events.tolist(), read, densities, strict=True)]
    particles = [_particle_row(each) for event in read for each in event.particles]
    counts = [len(event.particles) for event in read]
    return HardEvents(
        columns_of(HARD_EVENTS, rows),
        columns_of(HARD_PARTICLES, particles),
        offsets_of(counts),
        _weights(parts, int(events[0])),
    )


def _event_row(
    number: int, event: pylhe.LHEEvent, densities: Densities | None, energy: float
) -> tuple[float, ...]:
    """One event in the order of `HARD_EVENTS`."""
    info, (a, b) = event.eventinfo, event.particles[:2]
    if densities is None:
        # Light-cone fractions: the incoming partons are collinear with the beams.
        x1, x2 = (a.e + a.pz) / energy, (b.e - b.pz) / energy
        densities = Densities(a.id, b.id, x1, x2, info.scale, 0.0, 0.0)
    id1, id2, x1, x2, scale, pdf1, pdf2 = densities
    couplings = info.aqcd, info.aqed
    partons = id1, id2, x1, x2, pdf1, pdf2, scale
    return number, info.weight, info.scale, *couplings, *partons, info.pid


def _particle_row(particle: pylhe.LHEParticle) -> tuple[float, ...]:
    """One particle in the order of `HARD_PARTICLES`."""
    p = particle
    # Pythia's process record begins with the system and the two beams.
    mothers = (mother + 2 if mother else 0 for mother in (p.mother1, p.mother2))
    return (
        *(p.id, _STATUS[p.status], *mothers, p.color1, p.color2),
        *(p.px, p.py, p.pz, p.e, p.m, p.lifetime, p.spin, -1.0),
    )


def _weights(parts: Sequence[Part], first: int) -> Weights | None:
    names = tuple(parts[0].events[0].weights)
    rows, number = [], first
    for part in parts:
        for event in part.events:
            if event.weights.keys() != set(names):
                odd = sorted(event.weights.keys() ^ set(names))
                raise InputFileError(
                    f"{part.path}: event {number}: has the weights of event {first}, except for "
                    f"{', '.join(odd)}; all events of a process must have the same"
                )
            rows.append([event.weights[name] for name in names])
            number += 1
    if not names:
        return None
    meanings = tuple(parts[0].meanings.get(name, "") for name in names)
    return Weights(names, meanings, np.array(rows, np.float64))


def _check_beams(part: Part, energy: float) -> None:
    beams = part.init.initInfo
    if (beams.beamA, beams.beamB) != (_PROTON, _PROTON):
        raise InputFileError(
            f"{part.path}: beams {beams.beamA} and {beams.beamB}, expected two protons, 2212"
        )
    for found in (beams.energyA, beams.energyB):
        if abs(found / (energy / 2) - 1) > 1e-6:
            raise InputFileError(
                f"{part.path}: made with beams of {beams.energyA:g} and {beams.energyB:g} GeV, "
                f"but the config's `hard.energy` is {energy:g} GeV, twice {energy / 2:g}"
            )


def _run(
    config: Config, process: str, parts: Sequence[Part], read: HardEvents, hard: HardEvents
) -> HardRun:
    """Say of a chunk what its files say of all their events.

    The cross section is that of the events with the decays that Pythia made, whose fractions
    changed the weights.

    The files' cross section has one error, however many chunks share it. Each chunk gets that of
    its share of the events, so that the combination of all chunks has the files' again (if they
    were made for the same number of events).
    """
    n = len(hard)
    kept, of_all = (_sizes(parts, events) for events in (hard, read))
    fraction = np.divide(kept, of_all, out=np.ones(len(parts)), where=of_all > 0)
    share = fraction * [len(part.events) / n for part in parts]
    values = [sum(each.xSection for each in part.init.procInfo) for part in parts]
    errors = [sqrt(sum(each.error**2 for each in part.init.procInfo)) for part in parts]
    growth = sqrt(config.processes[process].events / n)
    return HardRun(
        process=process,
        seed=config.seed,
        cross_section_mb=float(np.dot(share, values)) * _PB_TO_MB,
        cross_section_error_mb=float(np.dot(share, errors)) * growth * _PB_TO_MB,
        n_tried=n,
        n_accepted=n,
        sum_of_weights=float(np.sum(hard.events["weight"], dtype=np.float64)),
    )


def _sizes(parts: Sequence[Part], hard: HardEvents) -> npt.NDArray[np.float64]:
    """Add up the sizes of the weights of each part's events; of both signs, they may cancel."""
    starts = offsets_of([len(part.events) for part in parts])[:-1]
    sums: npt.NDArray[np.float64] = np.add.reduceat(np.abs(hard.events["weight"]), starts)
    return sums
