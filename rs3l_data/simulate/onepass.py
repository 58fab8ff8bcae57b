"""Pythia in one go: hard process, shower and hadronisation of an event without saving anything.

This is what re-simulation is checked against: nothing here restores a hard event or partons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.errors import GeneratorError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.simulate.generate import TRIES, Acceptance, nothing_passes, passes
from rs3l_data.simulate.hard_table import HardTable, Row, event_row, process_particles
from rs3l_data.simulate.initiators import Selection
from rs3l_data.simulate.pythia import Delivered, initialise, log_words, prepared
from rs3l_data.simulate.record import read
from rs3l_data.simulate.resimulate import BATCH, Batch, batch_of

_NONE = "void"
_ALPHA_S = ("SigmaProcess:alphaSvalue",)
_ORDERS = ("SigmaProcess:alphaSorder", "SigmaProcess:alphaEMorder")


class OnePass:
    """Events of one process, each from its own seed.

    Iterating over it gives one `Batch` after the other, as `resimulate` does for restored events;
    afterwards `hard` and `run` say what the hard processes were.

    Parameters
    ----------
    settings
        As `rs3l_data.describe.settings.onepass_settings` lists them.
    hard_settings
        Those of the run's hard events. What a view changes of the hard process itself (its parton
        densities, its couplings) is put back, since a restored event keeps the hard process.
    events, seeds
        Event numbers and Pythia seeds, (n_events,).

    Raises
    ------
    GeneratorError
        If a setting is refused, or no event passes the selection.
    """

    def __init__(
        self,
        process: str,
        seed: int,
        settings: Sequence[str],
        hard_settings: Sequence[str],
        selection: Selection,
        events: npt.NDArray[np.int64],
        seeds: npt.NDArray[np.int64],
    ) -> None:
        self._process, self._seed, self._events, self._seeds = process, seed, events, seeds
        self._selection, self._hard_settings = selection, hard_settings
        self._pythia = prepared([*settings, *_keeping_hard_process(hard_settings, settings)])
        self._hook = _Each(self._pythia, selection, events.tolist(), seeds.tolist())
        if not self._pythia.setUserHooksPtr(self._hook):
            raise GeneratorError("Pythia did not take the hook that seeds each event")
        initialise(self._pythia)
        self._delivered = Delivered(self._pythia, "whole chain", len(events))

    def __iter__(self) -> Iterator[Batch]:
        for first in range(0, len(self._events), BATCH):
            count = min(BATCH, len(self._events) - first)
            records = read(self._pythia.nextBatch(count, "none"))
            if self._hook.failed is not None:
                seed = int(self._seeds[np.searchsorted(self._events, self._hook.failed)])
                raise nothing_passes(
                    self._process, self._hook.failed, self._selection, self._hard_settings, seed
                )
            if [*self._hook.kept][first:] != [*range(first, first + count)]:
                raise GeneratorError(
                    f"process '{self._process}': Pythia made no hard process for some of the events"
                    f" {self._events[first]} to {self._events[first + count - 1]}"
                )
            self._delivered.count(records.generated)
            yield batch_of(self._hard(first, first + count), records)
        log_words(self._pythia, "whole chain")

    @property
    def hard(self) -> HardEvents:
        """The hard processes of the events so far."""
        return self._hard(0, len(self._hook.kept))

    def _hard(self, first: int, last: int) -> HardEvents:
        table = HardTable()
        for position in range(first, last):
            table.add(*self._hook.kept[position])
        return table.hard_events()

    @property
    def run(self) -> HardRun:
        """What the run says of the process, once all events are made."""
        info = self._pythia.infoPython()
        weights = self.hard.events["weight"]
        kept = Acceptance.of(weights, np.array(self._hook.rejected))
        # Pythia's own estimate takes vetoed events off by their number; weights are what counts.
        every = info.nSelected() / info.nAccepted()
        return HardRun(
            process=self._process,
            seed=self._seed,
            cross_section_mb=info.sigmaGen() * every * kept.part,
            cross_section_error_mb=every * kept.error_of_product(info.sigmaGen(), info.sigmaErr()),
            n_tried=info.nTried(),
            n_accepted=self._hook.n_tried,
            sum_of_weights=float(np.sum(weights)),
        )


class _Each(pythia8mc.UserHooks):  # type: ignore[misc]
    """Seed each event, pass over hard processes outside of the cuts, and note the others."""

    def __init__(
        self,
        pythia: pythia8mc.Pythia,
        selection: Selection,
        events: list[int],
        seeds: list[int],
    ) -> None:
        super().__init__()
        self._pythia, self._selection = pythia, selection
        self._events, self._seeds = events, seeds
        self._position = -1
        self._tries = 0
        self.n_tried = 0
        self.rejected: list[float] = []
        """Weights of the hard processes outside of the cuts"""
        self.failed: int | None = None
        """The first event for which the cuts leave nothing"""
        self.kept: dict[int, tuple[Row, list[Row]]] = {}
        """By position, the event's row and its particles'"""

    def onBeginEvent(self) -> None:  # noqa: N802 - Pythia's own name
        """Start the next event; Pythia calls this once for each."""
        self._position += 1
        self._tries = 0
        self._pythia.rndm.init(self._seeds[self._position])

    def canVetoProcessLevel(self) -> bool:  # noqa: N802 - Pythia's own name
        """Ask Pythia to call the next method."""
        return True

    def doVetoProcessLevel(self, process: pythia8mc.Event) -> bool:  # noqa: N802
        """Let Pythia try another hard process with the event's random numbers, if need be."""
        row = event_row(self._pythia, self._events[self._position])
        self.n_tried += 1
        self._tries += 1
        # After an event has failed, nobody waits for the others of its batch.
        if self.failed is None and not passes(self._selection, process):
            if self._tries < TRIES:
                self.rejected.append(row[1])
                return True
            self.failed = self._events[self._position]
        # Called again if Pythia gives a hard process up: the last one counts.
        self.kept[self._position] = (row, process_particles(process))
        return False


def _keeping_hard_process(hard: Sequence[str], settings: Sequence[str]) -> list[str]:
    """List the settings that put the hard process back to what it is in ``hard``."""
    was, now = prepared(hard).settings, prepared(settings).settings
    lines = [f"{key} = {was.parm(key)!r}" for key in _ALPHA_S if was.parm(key) != now.parm(key)]
    lines += [f"{key} = {was.mode(key)}" for key in _ORDERS if was.mode(key) != now.mode(key)]
    if _hard_densities(was) != _hard_densities(now):
        lines += ["PDF:useHard = on", f"PDF:pHardSet = {_hard_densities(was)}"]
    return lines


def _hard_densities(settings: pythia8mc.Settings) -> str:
    """Name the parton densities of the hard process: its own, or else those of the showers."""
    own = str(settings.word("PDF:pHardSet")) if settings.flag("PDF:useHard") else _NONE
    return str(settings.word("PDF:pSet")) if own == _NONE else own
