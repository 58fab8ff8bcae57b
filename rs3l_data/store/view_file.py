"""The views of one shower of one chunk: what a simulation job leaves for the packing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rs3l_data.describe.schema import CONSTITUENTS, JETS, KEYS
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
)
from rs3l_data.store.shard import write_view
from rs3l_data.store.tables import I8, Columns, View


@dataclass(frozen=True, slots=True)
class ViewChunk:
    """The views of one shower of one process, for a run of hard events.

    Raises
    ------
    ValueError
        If there is not one key to each row of each view, or an event lies outside the run.
    """

    process: str
    first_event: int
    last_event: int
    """Included; with an empty run, ``first_event - 1``"""
    keys: Columns
    """`event` and `initiator` of each row, (n_rows,) each"""
    views: Mapping[str, View]
    """By name, of n_rows each"""
    attributes: Mapping[str, Any]
    """What else JSON can hold: config, software"""

    def __post_init__(self) -> None:
        event = self.keys["event"]
        for name, view in self.views.items():
            if any(len(column) != len(view) for column in self.keys.values()):
                raise ValueError(f"{len(event)} keys, but {len(view)} rows of view '{name}'")
        if len(event) and not (self.first_event <= event.min() <= event.max() <= self.last_event):
            raise ValueError(
                f"events {event.min()} to {event.max()} found in the run of events "
                f"{self.first_event} to {self.last_event}"
            )


_OWN = {"process": str, "first_event": int, "last_event": int}


def write_view_file(path: Path, chunk: ViewChunk, compression: Compression = "blosc2") -> None:
    """Write the views of one shower, whole or not at all.

    Raises
    ------
    ValueError
        If the tables do not fit the schema.
    StorageError
        If the file cannot be written.
    """
    own = {name: getattr(chunk, name) for name in _OWN}
    with create(path, "view", {**chunk.attributes, **own, "view_names": [*chunk.views]}) as file:
        write_columns(file.create_group("keys"), KEYS, chunk.keys, compression)
        for name, view in chunk.views.items():
            write_view(file.create_group(f"views/{name}"), view, compression)


def names_in(path: Path) -> tuple[str, ...]:
    """List the views of a file.

    Raises
    ------
    InputFileError
        If the file is missing, truncated or none of these.
    """
    with reading(path, "view") as file:
        return read_names(read_attributes(file), "view_names")


def read_view_file(path: Path, views: Collection[str] | None = None) -> ViewChunk:
    """Read what `write_view_file` wrote.

    Parameters
    ----------
    views
        Names of those to read; all if not given.

    Raises
    ------
    InputFileError
        If the file is missing, truncated or none of these.
    """
    with reading(path, "view") as file:
        attributes = read_attributes(file)
        own = {name: attributes.pop(name, None) for name in _OWN}
        for name, expected in _OWN.items():
            if type(own[name]) is not expected:
                raise ValueError(
                    f"attribute '{name}': found {own[name]!r:.80}, expected {expected.__name__}"
                )
        names = read_names(attributes, "view_names")
        del attributes["view_names"]
        group = group_at(file, "keys")
        rows = np.arange(n_values(group, KEYS[0]))
        return ViewChunk(
            **own,
            keys=read_columns(group, KEYS, rows),
            views={
                name: _read_view(group_at(file, f"views/{name}"), rows)
                for name in names
                if views is None or name in views
            },
            attributes=attributes,
        )


def _read_view(group: h5py.Group, rows: I8) -> View:
    jets = read_columns(group_at(group, "jets"), JETS, rows)
    offsets, constituents = read_items(group_at(group, "constituents"), CONSTITUENTS, rows)
    return View(jets, constituents, offsets)
