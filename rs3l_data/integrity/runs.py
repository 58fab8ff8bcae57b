"""Which events each shard has, and which of them lie in two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

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
class Runs:
    """The runs of all shards so far."""

    found: list[Run] = field(default_factory=list)

    def add(self, shard: Shard, columns: Columns) -> None:
        """Note the events of a shard, by the columns `process` and `event` of its initiators."""
        for number, process in enumerate(shard.processes):
            events = columns["event"][columns["process"] == number]
            if len(events):
                self.found.append(Run(shard, process, int(events.min()), int(events.max())))

    def repeated(self) -> Iterator[tuple[int, str, Shard, Shard]]:
        """Give the events that lie in two shards; events are read again only where runs overlap.

        Yields
        ------
        event, process, and the two shards that have it.
        """
        runs = sorted(self.found, key=lambda run: (run.process, run.first))
        for i, run in enumerate(runs):
            for other in runs[i + 1 :]:
                if other.process != run.process or other.first > run.last:
                    break
                for event in np.intersect1d(_events(run), _events(other)):
                    yield int(event), run.process, run.shard, other.shard

    def check(self, findings: Findings) -> None:
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
