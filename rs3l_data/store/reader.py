"""Reading a dataset: rows, columns and views chosen first, and read only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import CONSTITUENTS, INITIATORS, JETS, Column, Split, written_in
from rs3l_data.describe.strict import nearest
from rs3l_data.errors import InputFileError
from rs3l_data.store.arrays import Padded, awkward_records, pad
from rs3l_data.store.events import Event, events_of
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import (
    I8,
    Array,
    Columns,
    Initiators,
    View,
    concatenate_columns,
    concatenate_offsets,
)
from rs3l_data.store.weights import by_name

if TYPE_CHECKING:
    import awkward as ak

Names = str | Sequence[str] | None


@dataclass(frozen=True, eq=False)
class Dataset:
    """Some rows of a dataset, and some of its views.

    Slicing (``ds[1000:2000]``, or with a boolean mask), `select` and `blocks` give datasets again
    and read next to nothing; the rows' order is always that of the files. A dataset can be
    pickled and used after a fork: it keeps no file open.
    """

    source: str
    """What error messages call it"""
    shards: tuple[Shard, ...]
    rows: tuple[I8, ...]
    """Of each shard, the indices of the chosen rows, which rise"""
    views: tuple[str, ...]
    manifest: dict[str, Any] | None
    """The content of `dataset.json`, where the dataset has one"""

    def __len__(self) -> int:
        """Count the rows."""
        return sum(map(len, self.rows))

    @cached_property
    def processes(self) -> tuple[str, ...]:
        """The names that the column `process` of `initiators` indexes."""
        return _union([shard.processes for shard in self.shards])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names that the column `label` of `initiators` indexes."""
        return _union([shard.labels for shard in self.shards])

    @property
    def config(self) -> dict[str, Any]:
        """The config that the dataset, or the first of several shards, was made with."""
        config: dict[str, Any] = self.shards[0].attributes["config"]
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

    @cached_property
    def weights(self) -> Columns:
        """Further weights by the names that their generator gave them, (n_rows,) each; often none.

        NaN in the rows of processes that have no weight of this name.
        """
        return by_name([s.read_weights(rows) for s, rows in self._parts()], self._lengths())

    @cached_property
    def weight_meanings(self) -> dict[str, str]:
        """What the generator says of each of `weights`."""
        found = [shard.read_weights(rows[:0]) for shard, rows in self._parts()]
        return {
            name: meaning
            for weights in found
            if weights is not None
            for name, meaning in zip(weights.names, weights.meanings, strict=True)
        }

    def decays(self) -> tuple[I8, Columns]:
        """Read the initiators' final decay products.

        Returns
        -------
        offsets : (n_rows + 1,)
        columns : (n_decays,) each, by the names of `schema.DECAYS`
        """
        return _join([shard.read_decays(rows) for shard, rows in self._parts()])

    def jets(self, view: str, columns: Sequence[str] | None = None) -> Columns:
        """Read the jets of one view.

        Parameters
        ----------
        columns
            Names of `schema.JETS`; by default all that the files have: those of an older format
            version have fewer.

        Returns
        -------
        dict
            (n_rows,) each; NaN or 0 where the jet is not `present`.

        Raises
        ------
        InputFileError
            If there is no such view or column.
        """
        self._check_views([view])
        names = self._column_names(JETS, columns, "jets")
        return concatenate_columns([s.read_jets(view, rows, names) for s, rows in self._parts()])

    def constituents(self, view: str, columns: Sequence[str] | None = None) -> tuple[I8, Columns]:
        """Read the jets' constituents in one view, falling in pt within a jet.

        Parameters
        ----------
        columns
            Names of `schema.CONSTITUENTS`; by default all.

        Returns
        -------
        offsets : (n_rows + 1,)
            Row i owns ``offsets[i]:offsets[i + 1]`` of every column.
        columns : (n_constituents,) each

        Raises
        ------
        InputFileError
            If there is no such view or column.
        """
        self._check_views([view])
        names = self._column_names(CONSTITUENTS, columns, "constituents")
        return _join([s.read_constituents(view, rows, names) for s, rows in self._parts()])

    def read_view(self, view: str) -> View:
        """Read all columns of one view."""
        offsets, constituents = self.constituents(view)
        return View(self.jets(view), constituents, offsets)

    def read_initiators(self) -> Initiators:
        """Read all columns of the initiators, with their decay products."""
        offsets, decays = self.decays()
        return Initiators(self.initiators, decays, offsets)

    def select(
        self,
        processes: Names = None,
        labels: Names = None,
        splits: Names | Split | Sequence[Split] = None,
        views: Names = None,
    ) -> Dataset:
        """Choose rows that fulfil all conditions, and views.

        Parameters
        ----------
        processes, labels, splits
            Names, one or several; splits are `train`, `validation` and `test`.
        views
            Names, in the order that they shall have.

        Raises
        ------
        InputFileError
            If there is no such process, label, split or view.
        """
        chosen = self
        if views is not None:
            chosen = replace(chosen, views=tuple(self._check_views(_listed(views))))
        conditions = [
            ("process", _listed(processes), self.processes),
            ("label", _listed(labels), self.labels),
            ("split", _split_names(splits), tuple(split.name.lower() for split in Split)),
        ]
        mask = np.ones(len(self), bool)
        for column, names, valid in conditions:
            if names is not None:
                indices = [valid.index(name) for name in self._check(names, valid, column)]
                mask &= np.isin(self.initiators[column], indices)
        return chosen if mask.all() else chosen[mask]

    def __getitem__(self, rows: slice | npt.NDArray[np.bool_]) -> Dataset:
        """Choose rows by a slice with positive step, or by a mask of shape (n_rows,).

        Raises
        ------
        IndexError
            If it is neither.
        """
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step < 1:
                raise IndexError(f"rows stay in their order: expected a step > 0, found {step}")
            index = np.arange(start, max(start, stop), step)
        else:
            if np.shape(rows) != (len(self),) or rows.dtype != np.bool_:
                raise IndexError(f"expected a slice, or a boolean mask of shape ({len(self)},)")
            index = np.flatnonzero(rows)
        starts = np.cumsum([0, *map(len, self.rows)])
        cuts = np.searchsorted(index, starts)
        chosen = tuple(
            own[index[low:high] - start]
            for own, start, low, high in zip(
                self.rows, starts[:-1], cuts[:-1], cuts[1:], strict=True
            )
        )
        return replace(self, rows=chosen)

    def blocks(self, rows: int = 10_000) -> Iterator[Dataset]:
        """Go through the dataset in runs of rows, so that memory holds one run at a time."""
        for start in range(0, len(self), rows):
            yield self[start : start + rows]

    def events(self) -> Iterator[Event]:
        """Go through the hard events, each with all its (chosen) rows and views.

        Raises
        ------
        InputFileError
            If the rows of an event do not follow one another in the files.
        """
        return events_of(self)

    def to_numpy(
        self, view: str, n_constituents: int | None = None, columns: Sequence[str] | None = None
    ) -> Padded:
        """Read one view as padded arrays.

        Parameters
        ----------
        n_constituents
            How many each jet gets, those with the highest pt; by default as many as the largest
            jet here has.
        columns
            Names of `schema.CONSTITUENTS`, in the order that the features shall have; by default
            all.

        Returns
        -------
        dict
            `features` (n_rows, n_constituents, n_columns) float32, `mask` (n_rows,
            n_constituents), and `jets`, all columns.
        """
        offsets, constituents = self.constituents(view, columns)
        features, mask = pad(offsets, list(constituents.values()), n_constituents)
        return {"features": features, "mask": mask, "jets": self.jets(view)}

    def to_awkward(self, view: str) -> ak.Array:
        """Read one view as an awkward array of one record a row.

        Returns
        -------
        ak.Array
            Records with `initiator`, `decays`, `jet` and `constituents`, which have the
            behaviour of momenta (``array.constituents.deltaR(array.jet)``).
        """
        return awkward_records(self.read_initiators(), self.read_view(view))

    def _parts(self) -> list[tuple[Shard, I8]]:
        parts = list(zip(self.shards, self.rows, strict=True))
        # An empty dataset still has columns, of length 0: those of any shard.
        return [part for part in parts if len(part[1])] or parts[:1]

    def _lengths(self) -> list[int]:
        return [len(rows) for _, rows in self._parts()]

    def _initiators_of(self, shard: Shard, rows: I8, names: list[str]) -> Columns:
        table = shard.read_initiators(rows, names)
        table["process"] = _translated(table["process"], shard.processes, self.processes)
        table["label"] = _translated(table["label"], shard.labels, self.labels)
        return table

    def _check_views(self, names: Sequence[str]) -> Sequence[str]:
        return self._check(names, self.views, "view")

    def _column_names(
        self, columns: tuple[Column, ...], names: Sequence[str] | None, table: str
    ) -> Sequence[str]:
        versions = {shard.format_version for shard in self.shards}
        in_all = set(columns).intersection(*(written_in(columns, version) for version in versions))
        valid = [column.name for column in columns if column in in_all]
        return valid if names is None else self._check(names, valid, f"column of the {table}")

    def _check(self, names: Sequence[str], valid: Sequence[str], what: str) -> Sequence[str]:
        for name in names:
            if name not in valid:
                hint = nearest(str(name), list(valid))
                raise InputFileError(f"{self.source}: no {what} '{name}'; {hint}")
        return names


def _listed(names: Any) -> Any:
    return [names] if isinstance(names, str) else names


def _split_names(splits: Names | Split | Sequence[Split]) -> list[str] | None:
    if splits is None:
        return None
    listed = [splits] if isinstance(splits, str | Split) else splits
    return [split.name.lower() if isinstance(split, Split) else split for split in listed]


def _union(names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))


def _translated(indices: Array, names: tuple[str, ...], to: tuple[str, ...]) -> Array:
    """Turn a shard's indices into those of the whole dataset."""
    if names == to[: len(names)]:
        return indices
    return np.array([to.index(name) for name in names], indices.dtype)[indices]


def _join(parts: Sequence[tuple[I8, Columns]]) -> tuple[I8, Columns]:
    offsets, columns = zip(*parts, strict=True)
    return concatenate_offsets(offsets), concatenate_columns(columns)
