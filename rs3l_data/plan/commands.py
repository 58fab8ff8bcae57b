"""What the workflow's commands cost as whole programs: their start, memory and files."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from rs3l_data.describe.chunks import one_chunk
from rs3l_data.describe.config import Config
from rs3l_data.describe.pileup import PileupOfRun
from rs3l_data.describe.rates import Command, Footprint
from rs3l_data.describe.validation import Validation
from rs3l_data.describe.view import View
from rs3l_data.plan.spent import Spent, spent_by
from rs3l_data.store.config_file import save
from rs3l_data.store.opening import open_dataset

_SMALL = 512
"""Events of the shorter run: many batches, after which memory grows by the tables alone."""


@dataclass
class CommandCosts:
    """Entries of `Rates`."""

    idle_s: float
    pack_ms: float
    manifest_ms: float
    hard_kb: float
    start_s: dict[Command, float] = field(default_factory=dict)
    memory: dict[Command, Footprint] = field(default_factory=dict)


@dataclass(frozen=True)
class _Run:
    """All commands, one after the other, for one chunk of one process with one view."""

    events: int
    rows: int
    hard_bytes: int
    wall_s: dict[Command, float]
    spent: dict[Command, Spent]


def measure_commands(
    config: Config, process: str, root: View, events: int, folder: Path
) -> CommandCosts:
    """Run the commands on few events and on many.

    Parameters
    ----------
    root
        A view that redoes the shower.
    events
        Hard events of the longer run; at least twice those of the shorter one are taken.

    Raises
    ------
    RS3LError
        If a command fails; it has told why.
    """
    alone = config.model_copy(
        update={"views": {"root": root}, "pileup": PileupOfRun(), "validation": Validation()}
    )
    small = _run(one_chunk(alone, process, _SMALL), process, folder / "small")
    large = _run(one_chunk(alone, process, max(2 * _SMALL, events)), process, folder / "large")
    counts: dict[Command, tuple[int, int]] = {
        command: (small.events, large.events) if command == "hard" else (small.rows, large.rows)
        for command in small.spent
    }
    # The manifest looks at one shard at a time: only far more of them show what it keeps of each,
    # which stays as recorded.
    costs = CommandCosts(
        # The least: another program that takes the core makes it longer, nothing shorter.
        idle_s=max(0.0, min(small.wall_s[c] - small.spent[c].cpu_s for c in small.spent)),
        pack_ms=_slope(small, large, "pack", counts, "cpu_s") * 1e3,
        manifest_ms=_slope(small, large, "manifest", counts, "cpu_s") * 1e3,
        hard_kb=(large.hard_bytes - small.hard_bytes) / 1e3 / (large.events - small.events),
    )
    for command, (few, _) in counts.items():
        each_s = _slope(small, large, command, counts, "cpu_s")
        each_mb = _slope(small, large, command, counts, "memory_mb")
        costs.start_s[command] = max(0.0, small.spent[command].cpu_s - few * each_s)
        base = small.spent[command].memory_mb - few * each_mb
        if command != "manifest":
            costs.memory[command] = Footprint(base_mb=max(0.0, base), each_kb=each_mb * 1e3)
    return costs


def _slope(
    small: _Run, large: _Run, command: Command, counts: dict[Command, tuple[int, int]], what: str
) -> float:
    few, many = counts[command]
    more = getattr(large.spent[command], what) - getattr(small.spent[command], what)
    return max(0.0, float(more)) / (many - few)


def _run(config: Config, process: str, folder: Path) -> _Run:
    config_file, hard, dataset = folder / "config.yaml", folder / "hard", folder / "dataset"
    hard_file, view_file = hard / process / "0000.h5", folder / "root.h5"
    shard = dataset / f"{process}-0000.h5"
    save(config, config_file)
    calls: dict[Command, list[str | Path]] = {
        "hard": [process, "0", "--out", hard_file, "--progress", "lines"],
        "resimulate": [hard_file, "root", "--out", view_file, "--progress", "lines"],
        "pack": [hard_file, view_file, "--out", shard],
        "manifest": [dataset, hard],
    }
    wall_s: dict[Command, float] = {}
    spent: dict[Command, Spent] = {}
    for command, arguments in calls.items():
        began = time.perf_counter()
        spent[command] = spent_by([command, config_file, *arguments], folder / f"{command}.log")
        wall_s[command] = time.perf_counter() - began
    events, rows = config.processes[process].events, len(open_dataset(dataset))
    return _Run(events, rows, hard_file.stat().st_size, wall_s, spent)
