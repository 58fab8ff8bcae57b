"""What a validation finds: every violation counted, some of each kind kept in full."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.store.tables import Array


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise."""

    kind: str
    """Which promise: a name of the list in docs/format.md"""
    file: str
    dataset: str
    """Path in the HDF5 file, or keys of the manifest, joined by points; empty for a whole file"""
    row: int | None
    found: str
    expected: str

    def __str__(self) -> str:
        """Say it in one line."""
        place = " ".join(
            part for part in (self.dataset, "" if self.row is None else f"row {self.row}") if part
        )
        where = f"{self.file}: {place}" if place else self.file
        return f"{where}: found {self.found}, expected {self.expected} [{self.kind}]"


@dataclass(slots=True)
class Findings:
    """All that one validation found.

    Parameters
    ----------
    at_most
        How many violations of a kind are kept in full; all are counted.
    """

    at_most: int
    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    unchecked: list[str] = field(default_factory=list)
    """What could not be checked, and why: no violation, but no approval either"""

    def add(
        self, kind: str, file: str, dataset: str, found: Any, expected: Any, row: int | None = None
    ) -> None:
        """Note one violation."""
        self.counts[kind] += 1
        if self.counts[kind] <= self.at_most:
            violation = Violation(kind, file, dataset, row, f"{found!s:.300}", f"{expected!s:.300}")
            self.violations.append(violation)

    def leave_out(self, what: str) -> None:
        """Note what cannot be checked; a thing that concerns many shards once."""
        if what not in self.unchecked:
            self.unchecked.append(what)

    @property
    def valid(self) -> bool:
        """Whether there is no violation."""
        return not self.counts

    def as_json(self) -> dict[str, Any]:
        """Give everything in a form that JSON can hold."""
        return {
            "valid": self.valid,
            "counts": dict(self.counts),
            "violations": [asdict(violation) for violation in self.violations],
            "unchecked": self.unchecked,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """A table of a file, from some row on, into which checks of arrays report."""

    findings: Findings
    file: str
    table: str
    first: int = 0
    """Number in the file of the arrays' row 0"""

    def at(self, table: str, first: int = 0) -> Place:
        """Go to another table of the same file."""
        return Place(self.findings, self.file, table, first)

    def rows(
        self,
        kind: str,
        column: str,
        bad: npt.NDArray[np.bool_],
        values: Array,
        expected: str,
        owner: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Note the rows that break a promise.

        Parameters
        ----------
        column
            Its name, or nothing where the whole table is meant.
        bad, values
            (n,) which, and what is found there.
        owner
            (n,) the row that each item belongs to; by default each is a row.
        """
        where = np.flatnonzero(bad)
        if not len(where):
            return
        dataset = f"{self.table}/{column}" if column else self.table
        left = max(self.findings.at_most - self.findings.counts[kind], 0)
        for i in where[:left]:
            row = self.first + int(i if owner is None else owner[i])
            self.findings.add(kind, self.file, dataset, values[i], expected, row)
        self.findings.counts[kind] += len(where[left:])
