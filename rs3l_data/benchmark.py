"""Measurements of the simulation against its yardstick: Pythia on the same hard events.

Times of one machine drift, so the two sides alternate on one core and only ratios are quoted. Those
of CPU time do not count what other programs took of the core.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.chain import hard_chunk
from rs3l_data.describe.branch import has_pileup
from rs3l_data.describe.chunks import one_chunk
from rs3l_data.describe.config import Config
from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import view_settings
from rs3l_data.describe.variation import Point
from rs3l_data.describe.view import View
from rs3l_data.errors import RS3LError
from rs3l_data.events.particles import Particles
from rs3l_data.jobs.inputs import read_hard_of, read_sample_of, sample_key
from rs3l_data.jobs.provenance import attributes, software
from rs3l_data.jobs.resimulate import job
from rs3l_data.pileup import sample_of
from rs3l_data.plan.spent import spent_by
from rs3l_data.simulate.restore import restored
from rs3l_data.stopwatch import adding_to
from rs3l_data.store.config_file import save
from rs3l_data.store.hard import write_hard_events
from rs3l_data.store.pileup import write_sample

F8 = npt.NDArray[np.float64]

_POINTS: tuple[Point, ...] = ("hadronization", "detector")
_COPIES = 4
"""Views of each kind whose cost is measured together."""
_WARM_UP = 100
"""Events of an untimed first round, in which compiled code is loaded."""


def measure(
    config: Config, processes: list[str], view: str, events: int, rounds: int
) -> dict[str, Any]:
    """Measure efficiency, scaling and memory.

    Parameters
    ----------
    events
        Hard events of a job.
    rounds
        How often the two sides alternate.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        found = {
            process: _efficiency(one_chunk(config, process, events), process, view, folder, rounds)
            for process in processes
        }
        first = processes[0]
        return {
            "events": events,
            "view": view,
            "rounds": rounds,
            "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}",
            "software": software(),
            "processes": found,
            "cost_of_a_view": _costs(one_chunk(config, first, events), first, view, folder, rounds),
            "two_processes": _scaling(one_chunk(config, first, events), first, view, folder),
            "peak_memory_mb": {
                str(n): _peak_memory(one_chunk(config, first, n), first, view, folder)
                for n in (events // 4, events)
            },
        }


def _efficiency(
    config: Config, process: str, view: str, folder: Path, rounds: int
) -> dict[str, Any]:
    hard_file = _write_hard(config, process, folder)
    n = config.processes[process].events
    steps: dict[str, float] = {}
    short = one_chunk(config, process, _WARM_UP)
    with _one_core():
        _round(short, _write_hard(short, process, folder), view, folder, {})
        seconds = [_round(config, hard_file, view, folder, steps) for _ in range(rounds)]
    bare, whole = np.array(seconds).transpose(1, 0, 2)
    ratios = bare / whole
    by_clock, by_cpu = ratios.T.tolist()
    return {
        "bare_ms": float(np.median(bare[:, 0])) * 1e3 / n,
        "job_ms": float(np.median(whole[:, 0])) * 1e3 / n,
        "efficiency": statistics.median(by_clock),
        "efficiencies": by_clock,
        "efficiency_of_cpu_time": statistics.median(by_cpu),
        "efficiencies_of_cpu_time": by_cpu,
        "steps_ms": {name: spent * 1e3 / (n * rounds) for name, spent in steps.items()},
    }


def _round(
    config: Config, hard_file: Path, view: str, folder: Path, steps: dict[str, float]
) -> tuple[F8, F8]:
    """Time bare `next()` and a whole job on the same events, settings and seeds.

    The two take turns after every batch, so that a machine whose speed drifts treats them alike.
    The initialisation of the bare instance is not counted, that of the job is.

    Returns
    -------
    bare, job : (2,)
        By the clock and of CPU time [s].
    """
    hard, run = read_hard_of(config, hard_file)
    seeds = shower_seeds(config.seed, run.process, view, hard.events["event"])
    settings = view_settings(config, run.process, view)
    pythia, source = restored(settings, hard, config.hard.energy, seeds)
    bare = np.zeros(2)

    def take_turns(done: int) -> None:
        nonlocal bare
        began = _now()
        while source.played < done:
            pythia.next()
        bare += _now() - began

    stopwatch = adding_to(steps, time.perf_counter)
    began = _now()
    with stopwatch("read file"):
        hard, run = read_hard_of(config, hard_file)
        sample = _sample(config, view, folder)
    job(config, hard, run, view, folder / "out.h5", take_turns, stopwatch, sample)
    return bare, _now() - began - bare


def _now() -> F8:
    return np.array([time.perf_counter(), time.process_time()])


def _costs(config: Config, process: str, view: str, folder: Path, rounds: int) -> dict[str, float]:
    """Measure a view that shares this one's shower or particles, in units of this one."""
    hard, run = read_hard_of(config, _write_hard(config, process, folder))
    sample = _sample(config, view, folder)
    alone = config.model_copy(update={"views": {view: config.views[view]}})
    cases = {"alone": alone}
    for redo in _POINTS:
        views = {**alone.views, **{f"{redo}_{i}": View(redo=redo, of=view) for i in range(_COPIES)}}
        cases[redo] = alone.model_copy(update={"views": views})
    seconds: dict[str, list[float]] = defaultdict(list)
    with _one_core():
        for _ in range(rounds):
            for name, each in cases.items():
                began = time.perf_counter()
                job(each, hard, run, view, folder / "views.h5", lambda _: None, sample=sample)
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {redo: (medians[redo] / medians["alone"] - 1) / _COPIES for redo in _POINTS}


def _write_hard(config: Config, process: str, folder: Path) -> Path:
    path = folder / f"{process}-{config.processes[process].events}.h5"
    if not path.exists():
        events, run = hard_chunk(config, process, 0, lambda _: None)
        write_hard_events(path, events, run, attributes(config), config.store.compression)
    return path


def _write_sample(config: Config, view: str, folder: Path) -> Path | None:
    """Write the minimum-bias events once, if any view of this shower has pile-up."""
    if not has_pileup(config, view):
        return None
    path = folder / "pileup.h5"
    if not path.exists():
        sample = sample_of(config, lambda _: None)
        write_sample(path, sample, {**attributes(config), **sample_key(config)})
    return path


def _sample(config: Config, view: str, folder: Path) -> Particles | None:
    path = _write_sample(config, view, folder)
    return None if path is None else read_sample_of(config, path)


@contextmanager
def _one_core() -> Iterator[None]:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _scaling(config: Config, process: str, view: str, folder: Path) -> dict[str, float]:
    """Compare the events per second of two jobs at once with those of one."""
    one = [_together(config, process, view, folder, 1)]
    two = [_together(config, process, view, folder, 2)]
    one.append(_together(config, process, view, folder, 1))
    seconds_of_one, seconds_of_two = statistics.mean(one), statistics.mean(two)
    return {
        "one_s": seconds_of_one,
        "two_s": seconds_of_two,
        "gain": 2 * seconds_of_one / seconds_of_two,
    }


def _together(config: Config, process: str, view: str, folder: Path, n: int) -> float:
    """Time n whole commands that run at once, start of Python included [s]."""
    command = [sys.executable, "-m", "rs3l_data", *_command(config, process, view, folder)]
    began = time.perf_counter()
    jobs = [
        subprocess.Popen([*command, "--out", str(folder / f"job{i}.h5")], stderr=subprocess.DEVNULL)
        for i in range(n)
    ]
    codes = [job.wait() for job in jobs]
    if any(codes):
        raise RS3LError(f"a job failed: {' '.join(command)}")
    return time.perf_counter() - began


def _peak_memory(config: Config, process: str, view: str, folder: Path) -> float:
    """Run one command and read the peak of its resident memory [MB]."""
    command = _command(config, process, view, folder)
    return spent_by([*command, "--out", folder / "memory.h5"], folder / "memory.log").memory_mb


def _command(config: Config, process: str, view: str, folder: Path) -> list[str]:
    hard_file = _write_hard(config, process, folder)
    config_file = folder / f"{hard_file.stem}.yaml"
    save(config, config_file)
    arguments = [str(config_file), str(hard_file), view, "--progress", "lines"]
    sample_file = _write_sample(config, view, folder)
    if sample_file is not None:
        arguments += ["--pileup", str(sample_file)]
    return ["resimulate", *arguments]
