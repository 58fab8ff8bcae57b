"""Some rows and views of a dataset, chosen but not yet read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import INITIATORS, Split
from rs3l_data.errors import InputFileError
from rs3l_data.store.choice import (
    Names,
    Splits,
    check_names,
    named,
    no_event,
    translated,
    union,
)
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import I8, Columns, concatenate_columns


@dataclass(frozen=True, eq=False, repr=False)
class Rows:
    """Rows of shards, in the order of the files, and names of views.

    Slicing (``ds[1000:2000]``, a boolean mask, a list of rising indices), `select`, `find`,
    `blocks` and `by_shard` give the same kind of object again and read the initiators at most.
    """

    source: str
    """What error messages call it"""
    shards: tuple[Shard, ...]
    rows: tuple[I8, ...]
    """Of each shard, the indices of the chosen rows, which rise"""
    views: tuple[str, ...]
    manifest: dict[str, Any] | None
    """The content of `dataset.json`, where the dataset has one"""

    def __repr__(self) -> str:
        """Say in a line what it is: the config alone, in every shard, has pages."""
        return (
            f"<{type(self).__name__} {self.source}: {len(self)} rows of {len(self.shards)} shards, "
            f"views {', '.join(self.views)}>"
        )

    def __len__(self) -> int:
        """Count the rows."""
        return sum(map(len, self.rows))

    @cached_property
    def processes(self) -> tuple[str, ...]:
        """The names that the column `process` of `initiators` indexes."""
        return union([shard.processes for shard in self.shards])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names that the column `label` of `initiators` indexes."""
        return union([shard.labels for shard in self.shards])

    @property
    def config(self) -> dict[str, Any]:
        """The config that the dataset, or the first of several shards, was made with.

        The manifest's, if there is one: when a dataset grows, its first shards stay as they are.
        """
        config: dict[str, Any] = (self.manifest or self.shards[0].attributes)["config"]
        return config

    @cached_property
    def n_events(self) -> int:
        """The number of hard events that the rows come from."""
        return len(np.unique(self.event_keys))

    @property
    def event_keys(self) -> I8:
        """(n_rows,) numbers, equal for the rows of one hard event of one process."""
        return self.initiators["event"] * 256 + self.initiators["process"]

    @cached_property
    def initiators(self) -> Columns:
        """The columns of `schema.INITIATORS`, (n_rows,) each; read once and kept."""
        names = [column.name for column in INITIATORS]
        return concatenate_columns([self._initiators_of(*part, names) for part in self._parts()])

    def select(
        self,
        processes: Names = None,
        labels: Names = None,
        splits: Splits = None,
        views: Names = None,
    ) -> Self:
        """Choose rows that fulfil all conditions, and views.

        Parameters
        ----------
        processes, labels, splits
            Names, one or several; splits are `train`, `validation` and `test`. None: all.
        views
            Names, in the order that they shall have.

        Raises
        ------
        InputFileError
            If there is no such process, label, split or view, a list is empty, or a view comes
            twice.
        """
        chosen = self
        if (of_views := named(views, self.views, "view", self.source)) is not None:
            if len({*of_views}) < len(of_views):
                raise InputFileError(f"{self.source}: a view comes twice in {', '.join(of_views)}")
            chosen = replace(chosen, views=tuple(of_views))
        conditions = [
            ("process", processes, self.processes),
            ("label", labels, self.labels),
            ("split", splits, tuple(split.name.lower() for split in Split)),
        ]
        mask = np.ones(len(self), bool)
        for column, asked_for, valid in conditions:
            if (names := named(asked_for, valid, column, self.source)) is not None:
                mask &= np.isin(self.initiators[column], [valid.index(name) for name in names])
        return chosen if mask.all() else chosen[mask]

    def find(self, process: str, events: int | Sequence[int] | I8) -> Self:
        """Choose the rows of some hard events by their numbers.

        For a few events out of many: what lies between them is not read. Many at once are found
        faster than one by one.

        Raises
        ------
        InputFileError
            If there is no such process, or no row here of one of the events.
        IndexError
            If the events are no whole numbers.
        """
        check_names([process], self.processes, "process", self.source)
        wanted = np.unique(_whole_numbers(events, "numbers of events"))
        own = self.initiators["process"] == self.processes.index(process)
        mask = own & np.isin(self.initiators["event"], wanted)
        missing = np.setdiff1d(wanted, self.initiators["event"][mask])
        if len(missing):
            raise no_event(self.source, process, missing[0])
        return self[mask]

    def __getitem__(self, rows: slice | npt.NDArray[np.bool_] | Sequence[int] | I8) -> Self:
        """Choose rows by a slice with positive step, a mask of shape (n_rows,), or as `take` does.

        Raises
        ------
        IndexError
            If it is none of them.
        """
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step < 1:
                raise IndexError(f"rows stay in their order: expected a step > 0, found {step}")
            index = np.arange(start, max(start, stop), step)
        else:
            index = np.asarray(rows)
            if index.dtype == np.bool_ and index.shape == (len(self),):
                index = np.flatnonzero(index)
            elif isinstance(rows, tuple) or index.dtype == np.bool_ or index.ndim != 1:
                # A tuple is what ds[10, 20] gives, which means rows and columns elsewhere.
                raise IndexError(
                    f"expected a slice, a boolean mask of shape ({len(self)},), or a list of "
                    "indices that rise"
                )
        return self.take(index)

    def take(self, index: Sequence[int] | I8) -> Self:
        """Choose rows by their indices, which must rise: the order of rows is that of the files.

        Raises
        ------
        IndexError
            If an index is outside, not above the one before, or no whole number.
        """
        index = _whole_numbers(index, "indices that rise")
        if len(index) and (index[0] < 0 or index[-1] >= len(self) or np.any(np.diff(index) < 1)):
            raise IndexError(f"expected indices that rise, from 0 to {len(self) - 1}")
        starts = np.cumsum([0, *map(len, self.rows)])
        cuts = np.searchsorted(index, starts)
        chosen = tuple(
            own[index[low:high] - start]
            for own, start, low, high in zip(
                self.rows, starts[:-1], cuts[:-1], cuts[1:], strict=True
            )
        )
        cutout = replace(self, rows=chosen)
        if "initiators" in vars(self):
            # What has been read once need not be read again, and a run of rows need not be copied.
            is_run = len(index) > 0 and index[-1] - index[0] + 1 == len(index)
            which: slice | I8 = slice(index[0], index[-1] + 1) if is_run else index
            vars(cutout)["initiators"] = {n: c[which] for n, c in self.initiators.items()}
        return cutout

    def blocks(self, rows: int = 50_000) -> Iterator[Self]:
        """Go through the dataset in runs of rows, so that memory holds one run at a time.

        Raises
        ------
        ValueError
            If a run has no row.
        """
        if rows < 1:
            raise ValueError(f"rows: expected 1 or more, found {rows}")
        for start in range(0, len(self), rows):
            yield self[start : start + rows]

    def by_shard(self) -> Iterator[Self]:
        """Go through the rows shard by shard, so that memory holds those of one at a time.

        Error messages call each part by its shard's path.
        """
        for shard, rows in self._parts():
            yield replace(self, source=str(shard.path), shards=(shard,), rows=(rows,))

    def _parts(self) -> list[tuple[Shard, I8]]:
        parts = list(zip(self.shards, self.rows, strict=True))
        # An empty dataset still has columns, of length 0: those of any shard.
        return [part for part in parts if len(part[1])] or parts[:1]

    def _initiators_of(self, shard: Shard, rows: I8, names: list[str]) -> Columns:
        table = shard.read_initiators(rows, names)
        table["process"] = translated(table["process"], shard.processes, self.processes)
        table["label"] = translated(table["label"], shard.labels, self.labels)
        return table


def _whole_numbers(numbers: int | Sequence[int] | I8, what: str) -> I8:
    """Make an array of whole numbers, (n,); an empty list has none."""
    given = np.atleast_1d(np.asarray(numbers))
    if given.size and given.dtype.kind not in "iu":
        hint = "; a mask chooses rows as ds[mask]" if given.dtype == bool else ""
        raise IndexError(
            f"expected {what}, whole numbers, found values of type {given.dtype}{hint}"
        )
    # Of a type without a sign, differences would never fall below 0.
    return given.astype(np.int64, copy=False)
