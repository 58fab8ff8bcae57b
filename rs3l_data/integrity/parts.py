"""Records with one file for each view: which files make a shard, and whether they fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.schema import INITIATORS
from rs3l_data.integrity.findings import Findings
from rs3l_data.store.manifest import MANIFEST_NAME
from rs3l_data.store.shard import Shard


@dataclass(slots=True)
class Parts:
    """The shards of a dataset so far, each in one file or in several."""

    views: Sequence[str]
    """Of the dataset"""
    first: dict[str, Shard] = field(default_factory=dict)
    """By the shard's name, the file of it that came first"""
    found: dict[str, list[str]] = field(default_factory=dict)
    """By the shard's name, the views of its files"""

    def add(self, entry: Mapping[str, Any], shard: Shard, findings: Findings) -> bool:
        """Note a file that the manifest describes so.

        Returns
        -------
        Whether its rows are new, or those of another file in other views.
        """
        name = entry.get("shard") or entry["path"]
        expected = entry.get("views") or self.views
        if sorted(shard.views) != sorted(expected):
            findings.add("views", str(shard.path), "attribute view_names", shard.views, expected)
        first = self.first.setdefault(name, shard)
        self.found.setdefault(name, []).extend(shard.views)
        if first is shard:
            return True
        self._compare(first, shard, findings)
        return False

    def check_complete(self, folder: Path, findings: Findings) -> None:
        """Note the shards whose files do not have every view, each once."""
        for name, views in self.found.items():
            if sorted(views) != sorted(self.views):
                place = str(folder / MANIFEST_NAME)
                expected = f"{list(self.views)}, each once, in the files of {name}"
                findings.add("views", place, "files", views, expected)

    def _compare(self, first: Shard, shard: Shard, findings: Findings) -> None:
        """Compare the initiators, which all views of a row share."""
        names = [column.name for column in INITIATORS]
        one, other = (s.read_initiators(np.arange(s.n_rows), names) for s in (first, shard))
        for name in names:
            if not np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f"):
                expected = f"the values of {first.path.name}: the same rows in other views"
                place = f"/initiators/{name}"
                findings.add("views", str(shard.path), place, "other values", expected)
