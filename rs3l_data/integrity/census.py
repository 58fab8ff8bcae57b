"""What a dataset holds, counted file by file, in the shape of the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rs3l_data.store.counts import Counts, added, counted
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import Array, Columns


@dataclass(slots=True)
class Census:
    """The counts of all files so far."""

    total: Counts = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    """Of each process's events, the sum; NaN where one is negative, and the sum bounds nothing"""

    def count(
        self,
        name: str,
        shard: Shard,
        columns: Columns,
        present: Mapping[str, Array],
        rows_are_new: bool,
    ) -> None:
        """Count what a file, called ``name`` in the manifest, holds.

        Parameters
        ----------
        columns
            Of its initiators.
        present
            By view, whether each jet is there: (n_rows,).
        rows_are_new
            If not, other views of them have been counted.
        """
        own = counted(shard, columns, present)
        events = {process: size["n_events"] for process, size in own["processes"].items()}
        self.files[name] = {"n_rows": own["n_rows"], "n_events": events}
        if rows_are_new:
            self._add_weights(shard, columns)
        else:
            labels = own["labels"].items()
            own = {"labels": {label: {"present": here["present"]} for label, here in labels}}
        self.total = added([self.total, own])

    def _add_weights(self, shard: Shard, columns: Columns) -> None:
        for number, process in enumerate(shard.processes):
            mine = columns["process"] == number
            _, first = np.unique(columns["event"][mine], return_index=True)
            weights = columns["weight"][mine][first]
            total = float(weights.sum()) if np.all(weights >= 0) else np.nan
            self.weights[process] = self.weights.get(process, 0.0) + total
