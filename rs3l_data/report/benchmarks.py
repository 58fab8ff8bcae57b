"""How long a run took: Snakemake's benchmark files, one for each job."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rs3l_data.errors import InputFileError
from rs3l_data.report.numbers import NOTHING, count, duration, rounded
from rs3l_data.report.table import Table


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the workflow."""

    step: str
    """`hard`, `resimulate`, `pack`, `train`, ..."""
    process: str | None
    chunk: int | None
    name: str
    """What tells it apart within the step beside process and chunk: a view, a stage, or nothing"""
    seconds: float
    """By the clock"""
    cpu_seconds: float
    """NaN where Snakemake could not measure: it looks every few seconds"""
    memory_mb: float
    """Highest resident memory [MB]; NaN where Snakemake could not measure"""


def read_jobs(folder: Path) -> list[Job]:
    """Read all benchmark files, ``<step>/<process>-<chunk>[-<view>].tsv`` or ``<step>/<name>.tsv``.

    Raises
    ------
    InputFileError
        If a file is not one that Snakemake writes.
    """
    return [read_job(path, folder) for path in sorted(folder.rglob("*.tsv"))]


def read_job(path: Path, folder: Path) -> Job:
    """Read one benchmark file of a folder of them; errors as of `read_jobs`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            # A benchmark that repeats its job writes a line for each time.
            row = list(csv.DictReader(file, delimiter="\t"))[-1]
        times = (float(row["s"]), _number(row["cpu_time"]), _number(row["max_rss"]))
    except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
        raise InputFileError(
            f"{path}: not a benchmark file of Snakemake ({type(error).__name__}: {error}); "
            "delete it to make the report without it"
        ) from None
    parts = path.relative_to(folder).with_suffix("").parts
    step, name = parts[0], "-".join(parts[1:])
    process, chunk, rest = [*name.split("-", 2), "", ""][:3]
    if chunk.isdecimal():
        return Job(step, process, int(chunk), rest, *times)
    return Job(step, None, None, name, *times)


def _number(text: str) -> float:
    """Read a measurement; Snakemake writes `-` or `NA` for a job too short to be looked at."""
    return math.nan if text in ("-", "NA", "None", "") else float(text)


def timing_table(jobs: Sequence[Job], config: Mapping[str, Any], views: Sequence[str]) -> Table:
    """Sum the jobs by step and view; each job has one core while it simulates."""
    order = ["hard", "resimulate", "pack", "manifest", "train"]
    groups: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        groups.setdefault((job.step, job.name), []).append(job)

    def place(key: tuple[str, str]) -> tuple[int, str, int, str]:
        step, name = key
        return (
            order.index(step) if step in order else len(order),
            step,
            views.index(name) if name in views else -1,
            name,
        )

    rows = [_timing_row(*key, groups[key], config) for key in sorted(groups, key=place)]
    total = sum(job.seconds for job in jobs)
    memory = _largest([job.memory_mb for job in jobs])
    rows.append(
        ["all", "", count(len(jobs)), "", duration(total), cpu_time(jobs), "", memory],
    )
    header = ["step", "view or stage", "jobs", "events", "time", "CPU time", "events/s"]
    return Table([*header, "peak memory of a job [MB]"], rows, text_columns=(0, 1))


def cpu_time(jobs: Sequence[Job]) -> str:
    """Write the CPU time of the jobs, as a lower limit where some were too short to measure."""
    known = [job.cpu_seconds for job in jobs if not math.isnan(job.cpu_seconds)]
    text = duration(sum(known))
    return text if len(known) == len(jobs) else f"> {text}"


def _timing_row(step: str, name: str, jobs: list[Job], config: Mapping[str, Any]) -> list[str]:
    seconds = sum(job.seconds for job in jobs)
    events = [_events(job, config) for job in jobs]
    known = [n for n in events if n is not None]
    complete = len(known) == len(jobs)
    return [
        step,
        name,
        count(len(jobs)),
        count(sum(known)) if complete else NOTHING,
        duration(seconds),
        cpu_time(jobs),
        rounded(sum(known) / seconds) if complete and seconds > 0 else NOTHING,
        _largest([job.memory_mb for job in jobs]),
    ]


def _events(job: Job, config: Mapping[str, Any]) -> int | None:
    """Count a job's hard events; None for one that handles no chunk, or none of this dataset."""
    process = config.get("processes", {}).get(job.process)
    # One-pass events are not those of the dataset.
    if process is None or job.chunk is None or job.step == "onepass":
        return None
    # Datasets of older versions have one size for all processes.
    size: int = process.get("chunk_events") or config["hard"]["chunk_events"]
    left: int = process["events"] - job.chunk * size
    return max(0, min(size, left))


def _largest(values: Sequence[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    return count(max(known)) if known else NOTHING
