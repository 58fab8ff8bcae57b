"""Shower saved hard events again, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.errors import GeneratorError
from rs3l_data.events.hard_events import HardEvents
from rs3l_data.events.particles import Particles
from rs3l_data.simulate.heavy_flavour import HeavyHadrons, Splittings, heavy_hadrons, splittings
from rs3l_data.simulate.pythia import Delivered, log_words
from rs3l_data.simulate.record import FIRST, Records, read, shower_weights, spread, stable
from rs3l_data.simulate.rehadronize import KeepPartons, Rehadronizer
from rs3l_data.simulate.restore import restored
from rs3l_data.simulate.trace import trace
from rs3l_data.stopwatch import Stopwatch, no_stopwatch

BATCH = 128
"""Events that Pythia makes before they are read: a record takes about 200 kB."""

_KEPT = 31 << 20
"""Just below 32 MiB, beyond which glibc does not learn from what is freed (mallopt(3)) [bytes]"""

_OUTGOING = 2
"""Position of the first outgoing particle, after the two incoming partons."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One view of a run of consecutive hard events."""

    hard: HardEvents
    """The hard events of this batch"""
    generated: npt.NDArray[np.bool_]
    """Whether Pythia delivered the event, (n_events,)"""
    particles: Particles
    """The stable ones; an event that was not delivered has none"""
    hard_momenta: npt.NDArray[np.float64]
    """(n_hard_particles, 4): px, py, pz, E [GeV] in this view of every particle of the hard
    process, after all recoils it took undivided; NaN where there is none"""
    heavy_hadrons: HeavyHadrons
    splittings: Splittings


@dataclass(frozen=True, slots=True)
class Hadronization:
    """Another hadronisation of the same showers."""

    settings: Sequence[str]
    """As `rs3l_data.describe.settings.hadronization_settings` lists them"""
    seeds: npt.NDArray[np.int64]
    """Pythia's seed for each event, (n_events,)"""


def resimulate(
    settings: Sequence[str],
    hard: HardEvents,
    energy: float,
    seeds: npt.NDArray[np.int64],
    hadronizations: Sequence[Hadronization] = (),
    stopwatch: Stopwatch = no_stopwatch,
) -> Iterator[list[Batch]]:
    """Shower every hard event once; hadronise and decay it once and as often again as asked for.

    Parameters
    ----------
    settings
        As `rs3l_data.describe.settings.view_settings` lists them.
    energy
        Centre-of-mass energy of the beams [GeV].
    seeds
        Pythia's seed for each event, (n_events,).
    hadronizations
        Further views that share the showers; the first view does not depend on them.

    Yields
    ------
    For each batch of hard events the first view and one for each of ``hadronizations``.

    Raises
    ------
    GeneratorError
        If a setting is refused, no event comes out, or Pythia's events and the hard events fall
        out of step.
    """
    for part, showers in shower_records(settings, hard, energy, seeds, hadronizations, stopwatch):
        batches = []
        for records in showers:
            with stopwatch("read"):
                batches.append(batch_of(part, records))
        yield batches


def shower_records(
    settings: Sequence[str],
    hard: HardEvents,
    energy: float,
    seeds: npt.NDArray[np.int64],
    hadronizations: Sequence[Hadronization] = (),
    stopwatch: Stopwatch = no_stopwatch,
) -> Iterator[tuple[HardEvents, Iterator[Records]]]:
    """Shower hard events as `resimulate` does, and give Pythia's whole records.

    Yields
    ------
    Each batch of hard events, and its records in the first view and in each of ``hadronizations``,
    one after the other: they take much memory. Go through them before the next batch.
    """
    _keep_freed_memory()
    with stopwatch("initialise"):
        keep = KeepPartons() if hadronizations else None
        pythia, source = restored(settings, hard, energy, seeds, keep)
        delivered = Delivered(pythia, "shower", len(hard))
        again = [_Again(each, energy, len(hard)) for each in hadronizations]
    for first in range(0, len(hard), BATCH):
        part = hard[first : first + BATCH]
        with stopwatch("shower"):
            events = pythia.nextBatch(len(part), "none")
        if len(events) != len(part) or source.played != first + len(part):
            raise GeneratorError(
                f"Pythia took {source.played - first} hard events to make {len(part)}: it found "
                f"one of events {part.events['event'][0]} to {part.events['event'][-1]} unphysical"
            )
        kept = keep.take() if keep is not None else {}
        with stopwatch("read"):
            records = read(events)
            delivered.count(records.generated)
            _require_weight_one(part.events["event"][records.generated], shower_weights(events))
        yield part, _records_of(records, again, kept, first, stopwatch)
    log_words(pythia, "shower")
    for one in again:
        one.log_words()


def _keep_freed_memory() -> None:
    """Keep the memory of one batch for the next, instead of asking the system for it anew.

    After a block of this size was freed, glibc gives memory back only where twice as much is free;
    a batch takes less. Other allocators do as they do.
    """
    np.empty(_KEPT, np.uint8)


class _Again:
    """One of the further hadronisations of a job."""

    def __init__(self, described: Hadronization, energy: float, n_events: int) -> None:
        self._rehadronize = Rehadronizer(described.settings, energy)
        self._seeds = described.seeds
        self._delivered = Delivered(self._rehadronize.pythia, "hadronisation", n_events)

    def log_words(self) -> None:
        """Write what Pythia says of them to the job's log."""
        log_words(self._rehadronize.pythia, "hadronisation")

    def __call__(
        self, kept: dict[int, pythia8mc.Event], first: int, n_events: int, stopwatch: Stopwatch
    ) -> Records:
        """Hadronise the partons of a batch of ``n_events`` events from position ``first`` on."""
        positions = np.array([*kept], np.int64)
        with stopwatch("hadronize"):
            events = self._rehadronize([*kept.values()], self._seeds[positions])
        with stopwatch("read"):
            records = spread(read(events), positions - first, n_events)
            self._delivered.count(records.generated)
        return records


def _records_of(
    records: Records,
    again: Sequence[_Again],
    kept: dict[int, pythia8mc.Event],
    first: int,
    stopwatch: Stopwatch,
) -> Iterator[Records]:
    """Give the records of a shower, then those of each hadronisation of its kept partons."""
    yield records
    for hadronize in again:
        yield hadronize(kept, first, len(records.generated), stopwatch)


def batch_of(hard: HardEvents, records: Records) -> Batch:
    """Join hard events and what Pythia made of them.

    Raises
    ------
    GeneratorError
        If they do not belong together.
    """
    _check_in_step(hard, records)
    found = trace(hard, records)
    momenta = np.full((len(found), 4), np.nan)
    there = found >= 0
    momenta[there] = np.stack([values[found[there]] for values in records.momentum], axis=1)
    return Batch(
        hard,
        records.generated,
        stable(records),
        momenta,
        heavy_hadrons(records),
        splittings(records),
    )


def _require_weight_one(numbers: npt.NDArray[np.int64], weights: npt.NDArray[np.float64]) -> None:
    """Check that showers have no weights: rows of a view have the weight of their hard event."""
    weighted = weights != 1
    if weighted.any():
        raise GeneratorError(
            f"Pythia gives showers of this view weights, {weights[weighted][0]:g} to that of event"
            f" {numbers[weighted][0]}, which its jets could not keep: take out of `generator` or"
            " the `variation` what biases showers"
        )


def _check_in_step(hard: HardEvents, records: Records) -> None:
    """Compare the first outgoing particle of each event with the saved one.

    Vincia puts light quarks on massless shells, which moves momenta by some 1e-6.
    """
    made = records.generated
    saved_at = hard.offsets[:-1][made] + _OUTGOING
    repeated_at = records.offsets[:-1][made] + FIRST + _OUTGOING
    energy = hard.particles["energy"][saved_at]
    for name, values in zip(("px", "py", "pz"), records.momentum, strict=False):
        off = np.abs(values[repeated_at] - hard.particles[name][saved_at]) > 1e-4 * energy
        if off.any():
            event = hard.events["event"][made][off][0]
            raise GeneratorError(
                f"event {event}: Pythia showered another hard event than the saved one"
            )
