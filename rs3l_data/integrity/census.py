"""What a dataset holds, counted shard by shard."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rs3l_data.describe.schema import Split
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import I8, Columns


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
    weights: dict[str, float] = field(default_factory=dict)
    """Of each process's events, the sum; NaN where one is negative, and the sum bounds nothing"""

    def count(self, name: str, shard: Shard, columns: Columns) -> None:
        """Count the rows of a shard, called ``name`` in the manifest."""
        self.count_file(name, shard, columns)
        self.n_rows += shard.n_rows
        for number, process in enumerate(shard.processes):
            mine = columns["process"] == number
            own, first = np.unique(columns["event"][mine], return_index=True)
            _add(self.processes.setdefault(process, _zero()), int(mine.sum()), len(own))
            weights = columns["weight"][mine][first]
            total = float(weights.sum()) if np.all(weights >= 0) else np.nan
            self.weights[process] = self.weights.get(process, 0.0) + total
            for split in Split:
                inside = mine & (columns["split"] == split)
                counts = self.splits[split.name.lower()]
                _add(counts, int(inside.sum()), len(np.unique(columns["event"][inside])))
        for number, label in enumerate(shard.labels):
            counts = self.labels.setdefault(label, {"n_rows": 0, "present": defaultdict(int)})
            counts["n_rows"] += int(np.sum(columns["label"] == number))

    def count_file(self, name: str, shard: Shard, columns: Columns) -> None:
        """Count the rows of a file by itself: they may be there in other files too."""
        events = {
            process: len(np.unique(columns["event"][columns["process"] == number]))
            for number, process in enumerate(shard.processes)
        }
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


def _zero() -> dict[str, int]:
    return {"n_rows": 0, "n_events": 0}


def _add(counts: dict[str, int], n_rows: int, n_events: int) -> None:
    counts["n_rows"] += n_rows
    counts["n_events"] += n_events
