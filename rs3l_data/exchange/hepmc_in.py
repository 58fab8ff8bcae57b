"""A view that another program has showered: its HepMC3 events joined to the saved hard events."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from math import isclose
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyhepmc

from rs3l_data.errors import InputFileError
from rs3l_data.events.hard_events import INCOMING, HardEvents
from rs3l_data.events.particles import Particles
from rs3l_data.exchange.hepmc_file import read_events
from rs3l_data.exchange.hepmc_flavour import heavy_splittings, last_heavy_hadrons
from rs3l_data.exchange.hepmc_record import Record, record_of
from rs3l_data.offsets import offsets_of
from rs3l_data.simulate.heavy_flavour import HeavyHadrons, Splittings
from rs3l_data.simulate.record import FIRST
from rs3l_data.simulate.resimulate import BATCH, Batch

logger = logging.getLogger(__name__)

F8 = npt.NDArray[np.float64]

_TOLERANCE = 1e-4
"""Of the energy: programs put partons on mass shells of their own"""
_OF_WEIGHTS = 1e-3
"""Relative; files have few digits"""
_DECAYED = -22
"""Pythia's status code of what has decayed in the process record"""
_AFTER_INITIAL_STATE = 50
"""From here on Pythia's status codes, which its HepMC files keep, are of what comes after
initial-state radiation; other programs' codes stay below 21 (arXiv:1912.08005)"""


def join(path: Path, hard: HardEvents) -> Iterator[Batch]:
    """Find each hard event in a HepMC3 file by its number, and check that it is the same event.

    Yields
    ------
    Batches of hard events with their stable particles, whose primary vertex is moved to the
    origin. An event that the file does not have is marked as one that the generator gave up.

    Raises
    ------
    InputFileError
        If the file is broken, or an event in it starts from other partons than the saved one.
    """
    events = hard.events["event"].tolist()
    found = read_events(path, range(events[0], events[-1] + 1))
    number, event = next(found, (-1, None))
    n_missing, weights = 0, _Weights(path)
    for first in range(0, len(hard), BATCH):
        part = hard[first : first + BATCH]
        made: list[_Joined | None] = []
        for wanted in part.events["event"].tolist():
            if event is None or number != wanted:
                made.append(None)
                continue
            row = len(made)
            weights.check(wanted, part.events["weight"][row], event)
            made.append(_joined(part[row : row + 1], event, path))
            number, event = next(found, (-1, None))
        n_missing += made.count(None)
        yield _batch(part, made)
    if n_missing:
        logger.warning("%s: %d of %d events are missing in it", path, n_missing, len(hard))


def compare_first(path: Path, hard: HardEvents, wanted: range) -> None:
    """Read the first wanted event of a HepMC3 file, and no further, to see whether they belong.

    Parameters
    ----------
    hard
        Some of the saved hard events; the first one in the file need not be among them.
    wanted
        The numbers of all that the file may have.

    Raises
    ------
    InputFileError
        If the file is missing, broken up to there, has none of the wanted events, or its first one
        starts from other partons than the saved one.
    """
    with closing(read_events(path, wanted)) as found:
        number, event = next(found)
    at = np.flatnonzero(hard.events["event"] == number)
    if len(at):
        _joined(hard[at[0] : at[0] + 1], event, path)


class _Weights:
    """Finds the weights of a shower: what changes from event to event and is not the hard event's.

    A program passes the hard event's weight on, in a unit of its own, or gives all events one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: tuple[float, float] | None = None

    def check(self, number: int, hard_weight: float, event: pyhepmc.GenEvent) -> None:
        """Look at the next event.

        Raises
        ------
        InputFileError
            If its shower has a weight, which the jets of a view could not keep.
        """
        weight = float(event.weights[0]) if len(event.weights) else 1.0
        first, first_hard = self._first = self._first or (weight, hard_weight)
        passed_on = isclose(weight * first_hard, first * hard_weight, rel_tol=_OF_WEIGHTS)
        if not passed_on and not isclose(weight, first, rel_tol=_OF_WEIGHTS):
            raise InputFileError(
                f"{self._path}: event {number}: has the weight {weight:g}, which is not that"
                " of its hard event: the shower gave it one, and jets of a view have their hard"
                " event's; shower without weights, such as those of enhanced splittings or merging"
            )


class _Joined:
    """One event: its stable particles and its hard partons."""

    def __init__(self, hard: HardEvents, record: Record, roots: dict[int, int]) -> None:
        chosen = np.flatnonzero(record.status == 1)
        primary = record.beginnings(np.array([next(iter(roots.values()))]))
        self.pdg_id = record.pdg_id[chosen]
        self.momentum = record.momentum[chosen]
        self.position = record.beginnings(chosen) - primary
        self.hard_momenta = _hard_momenta(hard, record, roots)
        hadrons, self.hadron_flavour = last_heavy_hadrons(record)
        self.hadron_momentum = record.momentum[hadrons]
        pairs = heavy_splittings(record)
        self.pair_flavour = np.abs(record.pdg_id[pairs[:, 0]]).astype(np.int64)
        self.pair_momentum = record.momentum[pairs]


def _joined(hard: HardEvents, event: pyhepmc.GenEvent, path: Path) -> _Joined:
    try:
        record = record_of(event)
        return _Joined(hard, record, _find_roots(hard, record, path))
    except ValueError as error:
        raise InputFileError(
            f"{path}: event {hard.events['event'][0]}: {error}; make the file again"
        ) from None


def _find_roots(hard: HardEvents, record: Record, path: Path) -> dict[int, int]:
    """Find what the incoming partons make, by species and momentum.

    The incoming partons' momenta are then the saved ones, too, as their sum is. Programs record
    them differently, on and off mass shells.
    """
    saved = _momenta(hard)
    roots: dict[int, int] = {}
    for particle in np.flatnonzero(_is_root(hard)).tolist():
        pdg_id = int(hard.particles["pdg_id"][particle])
        same = np.flatnonzero(record.pdg_id == pdg_id)
        off = np.abs(record.momentum[same] - saved[particle]).max(axis=1, initial=0.0)
        if len(same) == 0 or off.min() > _TOLERANCE * saved[particle, 3]:
            nearest = f"the nearest differs by {off.min():.3g} GeV" if len(same) else "it has none"
            px, py, pz, energy = saved[particle]
            raise InputFileError(
                f"{path}: event {hard.events['event'][0]}: starts from another hard event than the "
                f"saved one: no {pdg_id} with px, py, pz, E = {px:.3f}, {py:.3f}, {pz:.3f}, "
                f"{energy:.3f} GeV; {nearest}. Shower the exported file, and keep its event numbers"
            )
        roots[particle] = int(same[np.argmin(off)])
    return roots


def _hard_momenta(hard: HardEvents, record: Record, roots: dict[int, int]) -> F8:
    """Follow each hard particle to its last copy; where there is none it stays as it was.

    A resonance is followed to the copy that decays, a parton as long as it does not branch and
    takes no recoil of final-state radiation, a decay product from where its mother's last copy
    decays.
    """
    momenta = _momenta(hard)
    pdg_id, status = (hard.particles[name].tolist() for name in ("pdg_id", "status"))
    mothers = (hard.particles["mother1"] - FIRST).tolist()
    last: dict[int, int] = {}
    for particle, mother in enumerate(mothers):
        if particle in roots:
            root = roots[particle]
            decays = status[particle] == _DECAYED
            last[particle] = (
                record.last_copy(root) if decays else _after_initial_state(record, root)
            )
        elif mother in last:
            daughters = record.daughters(last[mother])
            taken = set(last.values())
            own = daughters[record.pdg_id[daughters] == pdg_id[particle]].tolist()
            free = [daughter for daughter in own if daughter not in taken]
            if free:
                decays = status[particle] == _DECAYED
                last[particle] = record.last_copy(free[0]) if decays else free[0]
    for particle, copy in last.items():
        momenta[particle] = record.momentum[copy]
    return momenta


def _after_initial_state(record: Record, here: int) -> int:
    """Follow a parton through the recoils of initial-state radiation, and no further."""
    for following in record.copies(here):
        if len(record.daughters(here)) > 1 or record.status[following] >= _AFTER_INITIAL_STATE:
            break
        here = following
    return here


def _is_root(hard: HardEvents) -> npt.NDArray[np.bool_]:
    made_by_incoming = hard.particles["mother1"] - FIRST < 2
    return np.asarray((hard.particles["status"] != INCOMING) & made_by_incoming)


def _momenta(hard: HardEvents) -> F8:
    return np.stack([hard.particles[name] for name in ("px", "py", "pz", "energy")], axis=1)


def _batch(hard: HardEvents, made: list[_Joined | None]) -> Batch:
    generated = np.array([event is not None for event in made], np.bool_)
    present = [event for event in made if event is not None]
    counts = [0 if event is None else len(event.pdg_id) for event in made]
    momentum = np.concatenate([np.zeros((0, 4)), *(event.momentum for event in present)])
    position = np.concatenate([np.zeros((0, 3)), *(event.position for event in present)])
    pdg_id = np.concatenate([np.zeros(0, np.int32), *(event.pdg_id for event in present)])
    hard_momenta = np.full((int(hard.offsets[-1]), 4), np.nan)
    for row, event in enumerate(made):
        if event is not None:
            hard_momenta[hard.offsets[row] : hard.offsets[row + 1]] = event.hard_momenta
    offsets = offsets_of(counts)
    columns = (*momentum.T, *position.T)
    particles = Particles(offsets, pdg_id, *(np.ascontiguousarray(each) for each in columns))
    return Batch(hard, generated, particles, hard_momenta, *_heavy_flavour(made))


def _heavy_flavour(made: list[_Joined | None]) -> tuple[HeavyHadrons, Splittings]:
    present = [event for event in made if event is not None]
    none = np.zeros(0, np.int64)
    n_hadrons = [0 if event is None else len(event.hadron_flavour) for event in made]
    n_pairs = [0 if event is None else len(event.pair_flavour) for event in made]
    hadrons = HeavyHadrons(
        offsets_of(n_hadrons),
        np.concatenate([none, *(event.hadron_flavour for event in present)]),
        np.concatenate([np.zeros((0, 4)), *(event.hadron_momentum for event in present)]),
    )
    pairs = Splittings(
        offsets_of(n_pairs),
        np.concatenate([none, *(event.pair_flavour for event in present)]),
        np.concatenate([np.zeros((0, 2, 4)), *(event.pair_momentum for event in present)]),
    )
    return hadrons, pairs
