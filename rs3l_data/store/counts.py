"""What a manifest counts, shard by shard: memory holds a few columns of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rs3l_data.describe.schema import Split
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import I8, Array, Columns

Counts = dict[str, Any]
"""Entries of a manifest: `n_rows`, `n_events`, `processes`, `labels`, `splits`"""


def counts_of(shard: Shard, views: Sequence[str]) -> Counts:
    """Count the rows and events of a shard, and the present jets in each view.

    Raises
    ------
    InputFileError
        If the shard is damaged.
    """
    rows = np.arange(shard.n_rows)
    columns = shard.read_initiators(rows, ["process", "event", "label", "split"])
    present = {view: shard.read_jets(view, rows, ["present"])["present"] for view in views}
    return counted(shard, columns, present)


def counted(shard: Shard, columns: Columns, present: Mapping[str, Array]) -> Counts:
    """Count what has been read of a shard.

    Parameters
    ----------
    columns
        Of its initiators: `process`, `event`, `label` and `split`, (n_rows,) each.
    present
        By view, whether each jet is there: (n_rows,).
    """
    events = columns["event"] * 256 + columns["process"]
    labels = {name: columns["label"] == index for index, name in enumerate(shard.labels)}
    return {
        **_size(events),
        "processes": {
            name: _size(events[columns["process"] == index])
            for index, name in enumerate(shard.processes)
        },
        "labels": {
            name: {
                "n_rows": int(np.sum(mine)),
                "present": {view: int(np.sum(there & mine)) for view, there in present.items()},
            }
            for name, mine in labels.items()
        },
        "splits": {split.name.lower(): _size(events[columns["split"] == split]) for split in Split},
    }


def added(counts: Iterable[Counts]) -> Counts:
    """Add up the counts of shards, of which no two have an event in common."""
    total: Counts = {}
    for one in counts:
        _add(total, one)
    return total


def _size(events: I8) -> dict[str, int]:
    return {"n_rows": len(events), "n_events": len(np.unique(events))}


def _add(total: Counts, more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value
