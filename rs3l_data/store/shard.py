"""A shard: one HDF5 file with some initiators and all their views. See `describe.schema`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from rs3l_data.simulate.weights import Weights
from rs3l_data.store.guard import group_at, n_values
from rs3l_data.store.hdf5 import (
    Compression,
    create,
    read_attributes,
    read_columns,
    read_items,
    read_names,
    reading,
    write_columns,
    write_offsets,
)
from rs3l_data.store.tables import I8, Columns, Initiators, View
from rs3l_data.store.weights import read_weights, write_weights


def write_shard(
    path: Path,
    initiators: Initiators,
    views: Mapping[str, View],
    attributes: Mapping[str, Any],
    compression: Compression = "blosc2",
    weights: Weights | None = None,
    format_version: str = FORMAT_VERSION,
) -> None:
    """Write a shard, whole or not at all; the same content gives the same bytes.

    Parameters
    ----------
    views
        By name; row i of each belongs to row i of ``initiators``. Each is asked for once, so that a
        mapping that reads them when asked keeps one in memory at a time.
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
    _check(initiators, [*views], attributes)
    if weights is not None and len(weights) != len(initiators):
        raise ValueError(f"{len(weights)} rows of weights, but {len(initiators)} initiators")
    attributes = {**attributes, "view_names": list(views)}
    with create(path, "shard", attributes, format_version) as file:
        write_columns(file.create_group("initiators"), INITIATORS, initiators.columns, compression)
        decays = file.create_group("decays")
        write_offsets(decays, initiators.offsets, compression)
        write_columns(decays, DECAYS, initiators.decays, compression)
        for name, view in views.items():
            if len(view) != len(initiators):
                raise ValueError(
                    f"view '{name}' has {len(view)} rows, but there are {len(initiators)} "
                    "initiators"
                )
            group = file.create_group(f"views/{name}")
            write_view(group, view, compression, format_version)
        write_weights(file, weights, compression)


def write_view(
    group: h5py.Group, view: View, compression: Compression, format_version: str = FORMAT_VERSION
) -> None:
    """Write the jets and constituents of one view into an open file."""
    columns = written_in(JETS, format_version)
    write_columns(group.create_group("jets"), columns, view.jets, compression)
    constituents = group.create_group("constituents")
    write_offsets(constituents, view.offsets, compression)
    write_columns(constituents, CONSTITUENTS, view.constituents, compression, items=True)


def _check(initiators: Initiators, views: Sequence[str], attributes: Mapping[str, Any]) -> None:
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
    n_rows: int
    processes: tuple[str, ...]
    labels: tuple[str, ...]
    views: tuple[str, ...]
    format_version: str
    attributes: dict[str, Any]

    def read_initiators(self, rows: I8, names: Sequence[str]) -> Columns:
        """Read columns of the initiators, (n_rows,) each."""
        with reading(self.path, "shard") as file:
            table = read_columns(group_at(file, "initiators"), named(INITIATORS, names), rows)
            for column, length in (("process", len(self.processes)), ("label", len(self.labels))):
                found = int(table[column].max(initial=0)) if column in table else 0
                if found >= max(length, 1):
                    raise ValueError(
                        f"/initiators/{column}: goes to {found}, but there are {length} names"
                    )
            return table

    def read_decays(self, rows: I8) -> tuple[I8, Columns]:
        """Read the decay products: offsets (n_rows + 1,) and columns."""
        with reading(self.path, "shard") as file:
            return read_items(group_at(file, "decays"), DECAYS, rows)

    def read_weights(self, rows: I8) -> Weights | None:
        """Read the further weights, if there are any."""
        with reading(self.path, "shard") as file:
            return read_weights(file, rows)

    def read_jets(self, view: str, rows: I8, names: Sequence[str]) -> Columns:
        """Read columns of the jets of one view, (n_rows,) each."""
        with reading(self.path, "shard") as file:
            return read_columns(group_at(file, f"views/{view}/jets"), named(JETS, names), rows)

    def read_constituents(self, view: str, rows: I8, names: Sequence[str]) -> tuple[I8, Columns]:
        """Read the constituents of one view: offsets (n_rows + 1,) and columns."""
        with reading(self.path, "shard") as file:
            group = group_at(file, f"views/{view}/constituents")
            return read_items(group, named(CONSTITUENTS, names), rows)


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
            n_rows=n_rows,
            processes=read_names(attributes, "process_names"),
            labels=read_names(attributes, "label_names"),
            views=views,
            format_version=str(file.attrs["format_version"]),
            attributes=attributes,
        )
