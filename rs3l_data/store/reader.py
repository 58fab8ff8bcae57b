"""Reading a dataset: rows, columns and views chosen first, and read only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rs3l_data.describe.schema import CONSTITUENTS, JETS, Column, written_in
from rs3l_data.errors import InputFileError
from rs3l_data.events.weights import Weights
from rs3l_data.store.arrays import Padded, awkward_records, pad, pad_views
from rs3l_data.store.choice import check_columns, check_names
from rs3l_data.store.events import Event, blocks_of_events, cut_to_events
from rs3l_data.store.rows import Rows
from rs3l_data.store.tables import (
    I8,
    Columns,
    Initiators,
    View,
    concatenate,
    concatenate_columns,
    join,
)
from rs3l_data.store.weights import by_name

if TYPE_CHECKING:
    import awkward as ak


class Dataset(Rows):
    """Some rows of a dataset and some of its views, read when a column is asked for.

    What chooses rows is in `Rows`. A dataset can be pickled and used after a fork: it keeps no
    file open.
    """

    @cached_property
    def weights(self) -> Columns:
        """Further weights by the names that their generator gave them, (n_rows,) each; often none.

        NaN in the rows of processes that have no weight of this name.
        """
        return by_name([(s.read_weights(rows), len(rows)) for s, rows in self._parts()])

    @cached_property
    def weight_meanings(self) -> dict[str, str]:
        """What the generator says of each of `weights`: all of it, where shards say different."""
        found: dict[str, dict[str, None]] = {}
        for shard, rows in self._parts():
            weights = shard.read_weights(rows[:0])
            if weights is not None:
                for name, meaning in zip(weights.names, weights.meanings, strict=True):
                    found.setdefault(name, {})[meaning] = None
        return {name: "; or ".join(meanings) for name, meanings in found.items()}

    def read_weights(self) -> Weights | None:
        """Read those of the further weights that any of the rows has; None if there are none."""
        found = {name: w for name, w in self.weights.items() if not np.isnan(w).all()}
        if not found:
            return None
        meanings = self.weight_meanings
        values = np.stack([*found.values()], axis=1)
        return Weights(tuple(found), tuple(meanings[name] for name in found), values)

    def decays(self) -> tuple[I8, Columns]:
        """Read the initiators' final decay products.

        Returns
        -------
        offsets : (n_rows + 1,)
        columns : (n_decays,) each, by the names of `schema.DECAYS`
        """
        return join([shard.read_decays(rows) for shard, rows in self._parts()])

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
        check_names([view], self.views, "view", self.source)
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
        check_names([view], self.views, "view", self.source)
        names = self._column_names(CONSTITUENTS, columns, "constituents")
        return join([s.read_constituents(view, rows, names) for s, rows in self._parts()])

    def read_view(
        self, view: str, columns: Sequence[str] | None = None, jets: Sequence[str] | None = None
    ) -> View:
        """Read one view, opening each shard once.

        Parameters
        ----------
        columns
            Names of `schema.CONSTITUENTS`; by default all.
        jets
            Names of `schema.JETS`; by default all that the files have.

        Raises
        ------
        InputFileError
            If there is no such view or column.
        """
        check_names([view], self.views, "view", self.source)
        of_jets = self._column_names(JETS, jets, "jets", "jets")
        names = self._column_names(CONSTITUENTS, columns, "constituents")
        return concatenate([s.read_view(view, rows, of_jets, names) for s, rows in self._parts()])

    def read_initiators(self) -> Initiators:
        """Read all columns of the initiators, with their decay products."""
        offsets, decays = self.decays()
        return Initiators(self.initiators, decays, offsets)

    def events(self) -> Iterator[Event]:
        """Go through the hard events in the order of the files, each with all its (chosen) rows.

        Some thousand rows are in memory at a time.

        Raises
        ------
        InputFileError
            If the rows of an event do not follow one another in the files.
        """
        for bounds in blocks_of_events(self.event_keys, self.source):
            block = self[int(bounds[0]) : int(bounds[-1])]
            views = {name: block.read_view(name) for name in block.views}
            yield from cut_to_events(self.processes, block.initiators, views, bounds)

    def to_numpy(
        self,
        view: str | None = None,
        n_constituents: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> Padded:
        """Read one view, or all chosen ones, as padded arrays, in the units of the files.

        Parameters
        ----------
        view
            By default all: then each array has a further first axis of `views`.
        n_constituents
            How many each jet gets, those with the highest pt, at least 1; by default as many as the
            largest jet here has.
        columns
            Names of `schema.CONSTITUENTS`, in the order that the features shall have; by default
            all.

        Returns
        -------
        dict
            `features` (n_rows, n_constituents, n_columns) float32, `mask` (n_rows,
            n_constituents), and `jets`, all columns.

        Raises
        ------
        InputFileError
            If there is no such view or column, a column comes twice, or ``n_constituents`` is less
            than 1.
        """
        if n_constituents is not None and n_constituents < 1:
            raise InputFileError(
                f"{self.source}: n_constituents: expected at least 1, found {n_constituents}; "
                "leave it out for as many as the largest jet has, and read `jets(view)` for none"
            )
        columns = self._column_names(CONSTITUENTS, columns, "constituents")
        if len({*columns}) < len(columns):
            raise InputFileError(
                f"{self.source}: a column comes twice in {', '.join(columns)}: each is one feature"
            )
        if view is None:
            return pad_views([self.read_view(name, columns) for name in self.views], n_constituents)
        offsets, constituents = self.constituents(view, columns)
        features, mask = pad(offsets, list(constituents.values()), n_constituents)
        return {"features": features, "mask": mask, "jets": self.jets(view)}

    def to_awkward(self, view: str | None = None, columns: Sequence[str] | None = None) -> ak.Array:
        """Read one view, or all chosen ones, as an awkward array of one record a row.

        Parameters
        ----------
        view
            By default all: then the records have a field of each view's name.
        columns
            Names of `schema.CONSTITUENTS`; by default all.

        Returns
        -------
        ak.Array
            Records with `initiator`, `decays`, `jet` and `constituents` (the last two in the field
            of their view, if all are read), which have the behaviour of momenta:
            ``array.constituents.deltaR(array.jet)``. Of the constituents, that takes their pt, eta
            and phi, and for all four components the energy.

        Raises
        ------
        InputFileError
            If there is no such view or column, or one of all views is called as a field.
        """
        if view is not None:
            return awkward_records(self.read_initiators(), self.read_view(view, columns))
        if taken := {"initiator", "decays"} & {*self.views}:
            raise InputFileError(
                f"{self.source}: the view '{min(taken)}' is called as another field of the "
                f"records; read it alone: to_awkward('{min(taken)}')"
            )
        views = {name: self.read_view(name, columns) for name in self.views}
        return awkward_records(self.read_initiators(), views)

    def _column_names(
        self,
        columns: tuple[Column, ...],
        names: Sequence[str] | None,
        table: str,
        argument: str = "columns",
    ) -> Sequence[str]:
        versions = {shard.format_version for shard in self.shards}
        in_all = set(columns).intersection(*(written_in(columns, version) for version in versions))
        valid = [column.name for column in columns if column in in_all]
        if names is None:
            return valid
        check_columns(names, valid, table, self.source, argument)
        return names
