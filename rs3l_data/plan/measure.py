"""Rates of this machine: some seconds of every process and every kind of view of a config."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import mean
from typing import Any

from rs3l_data.chain import hard_chunk, selection
from rs3l_data.describe.branch import pileup_of
from rs3l_data.describe.chunks import one_chunk
from rs3l_data.describe.config import Config
from rs3l_data.describe.cost import Costs, kind_of
from rs3l_data.describe.pileup import PileupOfRun
from rs3l_data.describe.rates import Rates, recorded
from rs3l_data.describe.references import comparable_processes
from rs3l_data.describe.tree import roots
from rs3l_data.describe.variation import Point
from rs3l_data.describe.view import View
from rs3l_data.errors import ConfigError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.events.particles import Particles
from rs3l_data.jobs.provenance import software
from rs3l_data.jobs.resimulate import job
from rs3l_data.pileup import sample_of
from rs3l_data.plan.commands import measure_commands
from rs3l_data.simulate.initiators import find_rows
from rs3l_data.simulate.resimulate import BATCH
from rs3l_data.stopwatch import Stopwatch, adding_to, no_stopwatch

_COPIES = 2
"""Views at each of these points that are measured together."""
_SHARING: tuple[Point, ...] = ("hadronization", "detector")
_OTHER_STEPS = ("initialise", "shower", "read", "hadronize", "write")
_HARD_EVENTS = 5000
_SAMPLE_EVENTS = 500


@dataclass
class _Clock:
    """CPU time between the first and the last call: without what happens once in a job."""

    calls: list[tuple[int, float]] = field(default_factory=list)

    def __call__(self, done: int) -> None:
        self.calls.append((done, time.process_time()))

    @property
    def ms(self) -> float:
        (n_first, first), (n_last, last) = self.calls[0], self.calls[-1]
        return (last - first) * 1e3 / (n_last - n_first)


@dataclass(frozen=True)
class _PileUp:
    """Minimum-bias events, and how many of them a crossing has."""

    sample: Particles
    mean: float
    ms: float
    """Of one of them"""


@dataclass
class _OfProcess:
    """Costs of one process; see `Rates`."""

    hard_ms: float
    rows: float
    view_kb: float = 0.0
    shower_ms: dict[str, float] = field(default_factory=dict)
    hadronization_ms: float = 0.0
    detector_ms: float = 0.0
    pileup_ms: float | None = None


def kinds_of(config: Config) -> dict[str, View]:
    """Give one view for each kind of shower of a config, without pile-up."""
    kinds: dict[str, View] = {}
    for name in roots(config.views):
        view = config.views[name]
        if view.hepmc is None:
            kinds.setdefault(kind_of(config, name), view.model_copy(update={"pileup": {}}))
    return kinds


def n_steps(config: Config) -> int:
    """Count the measurements of a config: what `measure` tells the progress of."""
    return len(comparable_processes(config)) * (len(kinds_of(config)) + 1)


def measure(config: Config, seconds: float, command: str, progress: Callable[[int], None]) -> Rates:
    """Measure the rates of a config's processes and views on this machine.

    The others stay as recorded: those of whole commands (`with_commands`), and those of pile-up if
    the config has none.

    Parameters
    ----------
    seconds
        CPU time to spend on each process and kind of view [s].
    command
        What the rates shall say that they were made by.
    progress
        Called with the number of measurements done.

    Raises
    ------
    ConfigError
        If no process and no view of the config is simulated here.
    """
    processes, kinds = comparable_processes(config), kinds_of(config)
    if not processes or not kinds:
        raise ConfigError(
            "--measure: all processes or all views come from files of other programs; there is "
            "nothing to be measured"
        )
    before = recorded()
    done = count(1)
    with tempfile.TemporaryDirectory() as folder:
        crossings = _pileup(config)
        found = {
            name: _measure_process(
                config, name, kinds, crossings, seconds, Path(folder), lambda: progress(next(done))
            )
            for name in processes
        }
    pileup = [one.pileup_ms for one in found.values() if one.pileup_ms is not None]
    measured: dict[str, Any] = {
        "machine": f"{os.cpu_count()} CPUs, {_cpu()}, {platform.system()}",
        "date": datetime.date.today().isoformat(),
        "command": command,
        "software": software(),
        "hard_ms": {name: one.hard_ms for name, one in found.items()},
        "rows": {name: one.rows for name, one in found.items()},
        "shower_ms": {
            kind: {name: one.shower_ms[kind] for name, one in found.items()} for kind in kinds
        },
        "hadronization_ms": {name: one.hadronization_ms for name, one in found.items()},
        "detector_ms": {name: one.detector_ms for name, one in found.items()},
        "view_kb": {name: one.view_kb for name, one in found.items()},
    }
    if crossings is not None:
        measured["pileup_ms"] = mean(pileup)
        measured["minimum_bias_ms"] = crossings.ms
    return before.model_copy(update=measured)


def with_commands(rates: Rates, config: Config, seconds: float) -> Rates:
    """Measure what the commands cost as whole programs, on the first process and view of a config.

    Parameters
    ----------
    rates
        As `measure` found them.
    seconds
        CPU time of the longest command [s].

    Raises
    ------
    RS3LError
        If a command fails; it has told why.
    """
    process = comparable_processes(config)[0]
    kind, root = next(iter(kinds_of(config).items()))
    events = round(seconds * 1e3 / rates.shower(kind, process).value)
    with tempfile.TemporaryDirectory() as folder:
        costs = measure_commands(config, process, root, events, Path(folder))
    return rates.model_copy(
        update={
            **vars(costs),
            "start_s": {**rates.start_s, **costs.start_s},
            "memory": {**rates.memory, **costs.memory},
        }
    )


def _measure_process(
    config: Config,
    name: str,
    kinds: dict[str, View],
    crossings: _PileUp | None,
    seconds: float,
    folder: Path,
    step: Callable[[], None],
) -> _OfProcess:
    clock = _Clock()
    sized = one_chunk(config, name, _HARD_EVENTS)
    hard, run = hard_chunk(sized, name, 0, clock)
    rows = len(find_rows(hard, selection(config, name)).event) / len(hard)
    found = _OfProcess(clock.ms, rows)
    events = _Events(sized, name, hard, run, folder / "views.h5", seconds)
    for kind, view in kinds.items():
        found.shower_ms[kind] = events.ms(view)
        step()
    root = next(iter(kinds.values()))
    shared = [View(redo=redo, of="view_0") for redo in _SHARING for _ in range(_COPIES)]
    steps, found.view_kb = events.steps_ms([root, *shared])
    found.detector_ms = _detector(steps) / (1 + len(shared))
    again = steps["hadronize"] + steps["read"] * _COPIES / (1 + _COPIES)
    found.hadronization_ms = again / _COPIES + found.detector_ms
    step()
    if crossings is not None:
        crowded = View(redo="detector", of="view_0", pileup={"mean": crossings.mean})
        steps, _ = events.steps_ms([root, crowded], crossings.sample)
        more = _detector(steps) - 2 * found.detector_ms
        found.pileup_ms = max(0.0, more) / crossings.mean
    return found


def _detector(steps: Mapping[str, float]) -> float:
    """Sum up what is done for each view alone, from the particles to the table."""
    return sum(ms for name, ms in steps.items() if name not in _OTHER_STEPS)


@dataclass(frozen=True)
class _Events:
    """Hard events of a process, to simulate different views of."""

    config: Config
    process: str
    hard: HardEvents
    run: HardRun
    out: Path
    seconds: float

    def ms(self, view: View) -> float:
        """Measure the CPU time of a view that redoes the shower, an event [ms]."""
        clock = _Clock()
        self._job([view], clock, no_stopwatch)
        return clock.ms

    def steps_ms(
        self, views: Sequence[View], sample: Particles | None = None
    ) -> tuple[dict[str, float], float]:
        """Measure the steps of views that share the shower of the first.

        Returns
        -------
        CPU time of each step, an event [ms], and the size of a row in a view [kB].
        """
        spent: dict[str, float] = {}
        n = self._job(views, _Clock(), adding_to(spent, time.process_time), sample)
        rows = len(find_rows(self.hard[:n], selection(self.config, self.process)).event)
        kb = self.out.stat().st_size / 1e3 / (rows * len(views))
        return {step: seconds * 1e3 / n for step, seconds in spent.items()}, kb

    def _job(
        self,
        views: Sequence[View],
        clock: _Clock,
        stopwatch: Stopwatch,
        sample: Particles | None = None,
    ) -> int:
        """Simulate views for about so many seconds; tells how many events that were."""
        named = {f"view_{i}": view for i, view in enumerate(views)}
        config = self.config.model_copy(update={"views": named, "pileup": PileupOfRun()})
        expected = Costs(config, recorded()).family_ms(self.process, "view_0").value
        # Two batches are the least that has a first and a last.
        n = min(len(self.hard), max(2, round(self.seconds * 1e3 / expected / BATCH)) * BATCH)
        job(config, self.hard[:n], self.run, "view_0", self.out, clock, stopwatch, sample)
        return n


def _pileup(config: Config) -> _PileUp | None:
    means = [pileup_of(config, view).mean for view in config.views]
    if not any(means):
        return None
    clock = _Clock()
    short = config.pileup.model_copy(update={"sample_events": _SAMPLE_EVENTS})
    sample = sample_of(config.model_copy(update={"pileup": short}), clock)
    return _PileUp(sample, max(means), clock.ms)


def _cpu() -> str:
    """Name the processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
