"""A plan in numbers: jobs, CPU time by process and view, memory, disk, files, wall time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rs3l_data.describe import tree
from rs3l_data.describe.chunks import events_in_chunk, n_chunks
from rs3l_data.describe.cost import Costs
from rs3l_data.describe.rates import of_process
from rs3l_data.describe.resolved import Resolved
from rs3l_data.plan.jobs import Job
from rs3l_data.plan.schedule import schedule

_FOLDERS = {
    "hard": "hard",
    "resimulate": "views",
    "pack": "dataset",
    "manifest": "dataset",
    "onepass": "onepass",
    "pileup": "pileup.h5",
}
"""Where each stage writes its files"""
_SMALL_FILE_MB = 0.004
"""A log or a benchmark file takes one block of the file system."""
_LONG_S = 2 * 3600


def summarise(run: Resolved, jobs: Sequence[Job], cores: int) -> dict[str, Any]:
    """Sum up what a run takes, by its rates.

    Returns
    -------
    What `rs3l-data plan --json` prints; times in seconds of CPU unless called ``wall_s``.
    """
    rates = run.rates
    seconds = [job.cost.cpu_s + rates.idle_s for job in jobs]
    played = schedule(seconds, [job.after for job in jobs], cores)
    return {
        "name": run.config.name,
        "rates": {"machine": rates.machine, "date": rates.date, "command": rates.command},
        "processes": _processes(run),
        "steps": _steps(jobs),
        "views": _views(run),
        "jobs": len(jobs),
        "cpu_s": sum(job.cost.cpu_s for job in jobs),
        "memory_mb": max(job.cost.memory_mb for job in jobs),
        "disk_mb": _disk(jobs),
        "files": _files(jobs),
        "cores": cores,
        "wall_s": played.wall_s,
        "cores_used": played.used,
        "most_jobs_at_once": played.most_at_once,
        "measured": all(job.cost.measured for job in jobs),
        "training": "not included",
        "hints": [*_hints(run, jobs, cores)],
    }


def _processes(run: Resolved) -> dict[str, Any]:
    config = run.config
    return {
        name: {
            "events": process.events,
            "rows": round(process.events * of_process(run.rates.rows, name).value),
            "chunk_events": events_in_chunk(config, name),
            "chunks": n_chunks(config, name),
        }
        for name, process in config.processes.items()
    }


def _steps(jobs: Iterable[Job]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[Job]] = {}
    for job in jobs:
        groups.setdefault((job.stage, job.process, job.name), []).append(job)
    return [
        {
            "step": stage,
            "process": process,
            "view": name,
            "jobs": len(group),
            "cpu_s": sum(job.cost.cpu_s for job in group),
            "longest_job_s": max(job.cost.cpu_s for job in group),
            "memory_mb": max(job.cost.memory_mb for job in group),
            "disk_mb": sum(job.cost.disk_mb for job in group),
            "measured": all(job.cost.measured for job in group),
        }
        for (stage, process, name), group in groups.items()
    ]


def _views(run: Resolved) -> list[dict[str, Any]]:
    """Share the time of the showers' jobs out among their views."""
    costs, views = Costs(run.config, run.rates), run.config.views
    found = []
    for process, spec in run.config.processes.items():
        for root in run.showers:
            for view in tree.family(views, root):
                each = costs.view_ms(process, view)
                entry: dict[str, Any] = {"process": process, "view": view, "redo": views[view].redo}
                entry |= {"shower_of": root, "ms_per_event": each.value}
                found.append(
                    entry | {"cpu_s": spec.events * each.value / 1e3, "measured": each.measured}
                )
    return found


def _disk(jobs: Sequence[Job]) -> dict[str, float]:
    sizes: dict[str, float] = {}
    for job in jobs:
        folder = _FOLDERS[job.stage]
        sizes[folder] = sizes.get(folder, 0.0) + job.cost.disk_mb
    return {**sizes, **dict.fromkeys(("logs", "benchmarks"), len(jobs) * _SMALL_FILE_MB)}


def _files(jobs: Sequence[Job]) -> dict[str, int]:
    counts = Counter(_FOLDERS[job.stage] for job in jobs)
    # Snakemake keeps a record of each output, in .snakemake/metadata.
    return {**counts, "logs": len(jobs), "benchmarks": len(jobs), "records": len(jobs)}


def _hints(run: Resolved, jobs: Sequence[Job], cores: int) -> Iterable[str]:
    if not all(job.cost.measured for job in jobs):
        yield (
            "lines with ~ were put together from similar processes and views: --measure times "
            "those of this config"
        )
    showers = [job for job in jobs if job.stage == "resimulate"]
    slowest = max(showers, key=lambda job: job.cost.cpu_s)
    size = events_in_chunk(run.config, slowest.process)
    if slowest.cost.cpu_s > _LONG_S:
        yield (
            f"{slowest.process}, {slowest.name}: a job of {size} events takes "
            f"{slowest.cost.cpu_s / 3600:.1f} h; `processes.{slowest.process}.chunk_events: "
            f"{max(1, round(size * 1800 / slowest.cost.cpu_s))}` would make it half an hour "
            "(other chunks are other files: everything of this process is made again)"
        )
    elif len(showers) < cores and slowest.cost.cpu_s > _LONG_S / 12:
        yield (
            f"{len(showers)} showers keep at most {len(showers)} of {cores} cores busy: smaller "
            "chunks (`hard.chunk_events`) would use more of them"
        )
