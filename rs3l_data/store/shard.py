"""A shard: an HDF5 file with some initiators and all their views. See `describe.schema`."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py

from rs3l_data.describe.schema import (
    CONSTITUENTS,
    DECAYS,
    FORMAT_VERSION,
    INITIATORS,
    JETS,
    named,
    written_in,
)
from rs3l_data.errors import InputFileError
from rs3l_data.events.weights import Weights
from rs3l_data.store.columns import read_columns, read_items, write_columns, write_offsets
from rs3l_data.store.disk import Disk
from rs3l_data.store.filters import Compression
from rs3l_data.store.growing import GrowingView
from rs3l_data.store.guard import group_at, n_values
from rs3l_data.store.hdf5 import creating, read_attributes, read_names, reading, reopening
from rs3l_data.store.row_sum import Hashes, RowSum, initiator_hashes, view_sum
from rs3l_data.store.seal import SIZE, sealed_as
from rs3l_data.store.tables import I8, Columns, Initiators, View
from rs3l_data.store.weights import read_weights, write_weights

ROW_SUM = "row_sum"
"""Attribute of a view's group: the sum of its rows' hashes"""


def write_shard(
    path: Path,
    initiators: Initiators,
    views: Mapping[str, View | Iterable[View]],
    attributes: Mapping[str, Any],
    compression: Compression = "blosc2",
    weights: Weights | None = None,
    format_version: str = FORMAT_VERSION,
) -> None:
    """Write a shard, whole or not at all; the same content gives the same bytes.

    Parameters
    ----------
    views
        By name, whole or in blocks of rows, at least one, of which memory holds one at a time. Row
        i of each belongs to row i of ``initiators``.
    attributes
        Must hold `process_names` and `label_names`, the lists that the columns `process` and
        `label` index, and `config`; further `software`, `citation` and what else JSON can hold.
    weights
        Further weights of each row, if its generator gave any.
    format_version
        Another than the newest for tables of an older one, which have fewer columns.

    Raises
    ------
    ValueError
        If the tables do not fit the schema or one another.
    StorageError
        If the file cannot be written.
    """
    _check(initiators, views, attributes)
    if weights is not None and len(weights) != len(initiators):
        raise ValueError(f"{len(weights)} rows of weights, but {len(initiators)} initiators")
    attributes = {**attributes, "view_names": list(views)}
    with creating(path, "shard", attributes, format_version) as (file, disk):
        write_columns(file.create_group("initiators"), INITIATORS, initiators.columns, compression)
        decays = file.create_group("decays")
        write_offsets(decays, initiators.offsets, compression)
        write_columns(decays, DECAYS, initiators.decays, compression)
        names = attributes["process_names"], attributes["label_names"]
        hashes = initiator_hashes(initiators, *names, weights)
        for name, view in views.items():
            group = file.create_group(f"views/{name}")
            growing = GrowingView(group, compression, format_version)
            blocks = [view] if isinstance(view, View) else view
            total = _write_view(growing, name, blocks, hashes, disk)
            # It stands with its view, and goes where that is copied to.
            group.attrs[ROW_SUM] = total.to_text()
        write_weights(file, weights, compression)


def _write_view(
    growing: GrowingView, name: str, blocks: Iterable[View], hashes: Hashes, disk: Disk
) -> RowSum:
    """Write a view, and add up its hashes while its rows are in memory."""
    total = RowSum()
    for block in blocks:
        growing.append(block)
        disk.check()
        if growing.n_rows <= len(hashes):
            own = hashes[growing.n_rows - len(block) : growing.n_rows]
            total += view_sum(name, own, block)
    growing.finish()
    if growing.n_rows != len(hashes):
        raise ValueError(
            f"view '{name}' has {growing.n_rows} rows, but there are {len(hashes)} initiators"
        )
    return total


def _check(initiators: Initiators, views: Collection[str], attributes: Mapping[str, Any]) -> None:
    missing = {"process_names", "label_names", "config"} - attributes.keys()
    if missing:
        raise ValueError(f"a shard needs the attributes {sorted(missing)}")
    if not views:
        raise ValueError("a shard needs at least one view")
    for column in ("process", "label"):
        names, indices = attributes[f"{column}_names"], initiators.columns[column]
        if len(indices) and indices.max() >= len(names):
            raise ValueError(
                f"column '{column}' goes to {indices.max()}, but its names are {names}"
            )


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard's place and its root attributes; each reading opens the file and closes it.

    So it can be pickled, and used after a fork. ``rows`` are indices that rise.
    """

    path: Path
    name: str
    """Of the file, or of the shard whose views lie in several"""
    n_rows: int
    processes: tuple[str, ...]
    labels: tuple[str, ...]
    views: tuple[str, ...]
    format_version: str
    attributes: dict[str, Any]
    sums: dict[str, RowSum]
    """What the file says of itself, by view; shards of older versions say nothing"""
    seal: str | None
    """What it says of its bytes: whether it is still the same file"""
    elsewhere: Mapping[str, Shard] = field(default_factory=dict)
    """By view, the other files of the same rows; see `store.joined`"""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files: more than one where each holds other views."""
        return (self.path, *dict.fromkeys(shard.path for shard in self.elsewhere.values()))

    @property
    def n_bytes(self) -> int:
        """How much its files hold."""
        return sum(path.stat().st_size for path in self.paths)

    def read_initiators(self, rows: I8, names: Sequence[str]) -> Columns:
        """Read columns of the initiators, (n_rows,) each."""
        with self._file() as file:
            group = group_at(file, "initiators")
            table = read_columns(group, named(INITIATORS, names), rows, self.n_rows)
            for column, length in (("process", len(self.processes)), ("label", len(self.labels))):
                if column in table and len(rows) and table[column].max() >= length:
                    raise ValueError(
                        f"/initiators/{column}: goes to {table[column].max()}, but there are "
                        f"{length} names"
                    )
            return table

    def read_decays(self, rows: I8) -> tuple[I8, Columns]:
        """Read the decay products: offsets (n_rows + 1,) and columns."""
        with self._file() as file:
            return read_items(group_at(file, "decays"), DECAYS, rows)

    def read_weights(self, rows: I8) -> Weights | None:
        """Read the further weights, if there are any."""
        with self._file() as file:
            weights = read_weights(file, self.n_rows)
            return None if weights is None else weights[rows]

    def read_jets(self, view: str, rows: I8, names: Sequence[str]) -> Columns:
        """Read columns of the jets of one view, (n_rows,) each."""
        with self._holding(view)._file() as file:
            group = group_at(file, f"views/{view}/jets")
            return read_columns(group, named(JETS, names), rows, self.n_rows)

    def read_constituents(self, view: str, rows: I8, names: Sequence[str]) -> tuple[I8, Columns]:
        """Read the constituents of one view: offsets (n_rows + 1,) and columns."""
        with self._holding(view)._file() as file:
            group = group_at(file, f"views/{view}/constituents")
            return read_items(group, named(CONSTITUENTS, names), rows)

    def read_view(
        self,
        view: str,
        rows: I8,
        jets: Sequence[str] | None = None,
        constituents: Sequence[str] | None = None,
    ) -> View:
        """Read columns of the jets and of the constituents of one view, by default all."""
        if jets is None:
            jets = [column.name for column in written_in(JETS, self.format_version)]
        if constituents is None:
            constituents = [column.name for column in CONSTITUENTS]
        # Opened once for both: opening a file takes as long as reading some hundred jets.
        with self._holding(view)._file() as file:
            group = group_at(file, f"views/{view}")
            items = group_at(group, "constituents")
            offsets, columns = read_items(items, named(CONSTITUENTS, constituents), rows)
            table = read_columns(group_at(group, "jets"), named(JETS, jets), rows, self.n_rows)
            return View(table, columns, offsets)

    def _holding(self, view: str) -> Shard:
        return self.elsewhere.get(view, self)

    @contextmanager
    def _file(self) -> Iterator[h5py.File]:
        """Open the file again.

        Raises
        ------
        InputFileError
            If it has been made anew: rows of both would be taken for one another.
        """
        with reopening(self.path) as file:
            if _seal(file) != self.seal:
                raise InputFileError(
                    f"{self.path}: has been made anew since it was opened; open the dataset again"
                )
            yield file


def open_shard(path: Path) -> Shard:
    """Read a shard's root attributes.

    Raises
    ------
    InputFileError
        If the file is missing, truncated, foreign or of another format version, or if its tables
        do not have the same number of rows.
    """
    with reading(path, "shard") as file:
        attributes = read_attributes(file)
        if not isinstance(attributes.get("config"), dict):
            raise ValueError("attribute 'config': expected a JSON object")
        views = read_names(attributes, "view_names")
        if not views:
            raise ValueError("attribute 'view_names': expected at least one view, found none")
        (event,) = named(INITIATORS, ["event"])
        (present,) = named(JETS, ["present"])
        n_rows = n_values(group_at(file, "initiators"), event)
        for view in views:
            found = n_values(group_at(file, f"views/{view}/jets"), present)
            if found != n_rows:
                raise ValueError(f"view '{view}' has {found} rows, expected {n_rows}")
        return Shard(
            path=path,
            name=path.name,
            n_rows=n_rows,
            processes=read_names(attributes, "process_names"),
            labels=read_names(attributes, "label_names"),
            views=views,
            format_version=str(file.attrs["format_version"]),
            attributes=attributes,
            sums=_read_sums(file, views, n_rows),
            seal=_seal(file),
        )


def _seal(file: h5py.File) -> str | None:
    """Read the seal of the file that is open, whatever lies in its place by now."""
    return sealed_as(os.pread(file.id.get_vfd_handle(), SIZE, 0))


def _read_sums(file: h5py.File, views: Iterable[str], n_rows: int) -> dict[str, RowSum]:
    sums = {}
    for view in views:
        group = group_at(file, f"views/{view}")
        if ROW_SUM in group.attrs:
            text = group.attrs[ROW_SUM]
            if not isinstance(text, str) or not re.fullmatch("[0-9a-f]{128}", text):
                raise ValueError(
                    f"{group.name}: attribute '{ROW_SUM}': found {text!r:.200}, expected 128 "
                    "hexadecimal digits"
                )
            sums[view] = RowSum(int(text, 16), n_rows)
    return sums
