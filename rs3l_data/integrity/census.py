"""What a dataset holds, counted shard by shard, and which events each shard has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rs3l_data.describe.schema import Split
from rs3l_data.integrity.findings import Findings
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import I8, Columns


@dataclass(frozen=True, slots=True)
class Run:
    """The events of one process in one shard, of which only the first and the last are kept."""

    shard: Shard
    process: str
    first: int
    last: int


@dataclass(slots=True)
class Census:
    """The counts of all shards so far, in the shape of the manifest."""

    n_rows: int = 0
    processes: dict[str, dict[str, int]] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    splits: dict[str, dict[str, int]] = field(
        default_factory=lambda: {split.name.lower(): _zero() for split in Split}
    )
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    def count(self, name: str, shard: Shard, columns: Columns) -> None:
        """Count the rows of a shard, called ``name`` in the manifest."""
        self.n_rows += shard.n_rows
        events = {}
        for number, process in enumerate(shard.processes):
            mine = columns["process"] == number
            own = np.unique(columns["event"][mine])
            _add(self.processes.setdefault(process, _zero()), int(mine.sum()), len(own))
            events[process] = len(own)
            if len(own):
                self.runs.append(Run(shard, process, int(own[0]), int(own[-1])))
            for split in Split:
                inside = mine & (columns["split"] == split)
                counts = self.splits[split.name.lower()]
                _add(counts, int(inside.sum()), len(np.unique(columns["event"][inside])))
        for number, label in enumerate(shard.labels):
            counts = self.labels.setdefault(label, {"n_rows": 0, "present": defaultdict(int)})
            counts["n_rows"] += int(np.sum(columns["label"] == number))
        self.files[name] = {"n_rows": shard.n_rows, "n_events": events}

    def count_present(self, shard: Shard, view: str, label: I8, present: I8) -> None:
        """Count the present jets of some rows of a view."""
        for number, name in enumerate(shard.labels):
            there = int(np.sum(present & (label == number)))
            self.labels[name]["present"][view] += there

    def as_manifest(self) -> dict[str, Any]:
        """Give the counts as a manifest has them; a process without rows needs no entry."""
        return {
            "n_rows": self.n_rows,
            "n_events": sum(counts["n_events"] for counts in self.processes.values()),
            "processes": {
                name: counts for name, counts in self.processes.items() if counts["n_rows"]
            },
            "labels": {
                name: {"n_rows": counts["n_rows"], "present": dict(counts["present"])}
                for name, counts in self.labels.items()
            },
            "splits": self.splits,
        }

    def repeated(self) -> Iterator[tuple[int, str, Shard, Shard]]:
        """Give the events that lie in two shards; events are read again only where runs overlap.

        Yields
        ------
        event, process, and the two shards that have it.
        """
        runs = sorted(self.runs, key=lambda run: (run.process, run.first))
        for i, run in enumerate(runs):
            for other in runs[i + 1 :]:
                if other.process != run.process or other.first > run.last:
                    break
                for event in np.intersect1d(_events(run), _events(other)):
                    yield int(event), run.process, run.shard, other.shard

    def check_spread(self, findings: Findings) -> None:
        """Note the events that lie in two shards."""
        for event, process, first, second in self.repeated():
            found = f"event {event} of {process}, which {first.path.name} has too"
            expected = "all rows of an event in one shard"
            findings.add("events", str(second.path), "/initiators/event", found, expected)


def _events(run: Run) -> I8:
    rows = np.arange(run.shard.n_rows)
    columns = run.shard.read_initiators(rows, ["process", "event"])
    mine = columns["process"] == run.shard.processes.index(run.process)
    found: I8 = np.unique(columns["event"][mine])
    return found


def _zero() -> dict[str, int]:
    return {"n_rows": 0, "n_events": 0}


def _add(counts: dict[str, int], n_rows: int, n_events: int) -> None:
    counts["n_rows"] += n_rows
    counts["n_events"] += n_events
