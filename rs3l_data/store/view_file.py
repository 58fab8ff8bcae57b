"""One view of one chunk: what a simulation job leaves for the packing into shards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.schema import CONSTITUENTS, JETS, KEYS
from rs3l_data.store.hdf5 import (
    Compression,
    create,
    read_attributes,
    read_columns,
    read_items,
    reading,
    write_columns,
)
from rs3l_data.store.shard import write_view
from rs3l_data.store.tables import Columns, View


@dataclass(frozen=True, slots=True)
class ViewChunk:
    """The jets of one view of one process, for a run of hard events.

    Raises
    ------
    ValueError
        If there is not one key to each row of the view, or an event lies outside the run.
    """

    process: str
    name: str
    """Of the view"""
    first_event: int
    last_event: int
    """Included; with an empty run, ``first_event - 1``"""
    keys: Columns
    """`event` and `initiator` of each row, (n_rows,) each"""
    view: View
    attributes: Mapping[str, Any]
    """What else JSON can hold: config, software, seeds, time spent"""

    def __post_init__(self) -> None:
        event = self.keys["event"]
        if any(len(column) != len(self.view) for column in self.keys.values()):
            raise ValueError(f"{len(event)} keys, but {len(self.view)} rows of the view")
        if len(event) and not (self.first_event <= event.min() <= event.max() <= self.last_event):
            raise ValueError(
                f"events {event.min()} to {event.max()} found in the run of events "
                f"{self.first_event} to {self.last_event}"
            )


_OWN = ("process", "view", "first_event", "last_event")


def write_view_file(path: Path, chunk: ViewChunk, compression: Compression = "blosc2") -> None:
    """Write one view of one chunk, whole or not at all.

    Raises
    ------
    ValueError
        If the tables do not fit the schema.
    StorageError
        If the file cannot be written.
    """
    own = (chunk.process, chunk.name, chunk.first_event, chunk.last_event)
    with create(path, "view", {**chunk.attributes, **dict(zip(_OWN, own, strict=True))}) as file:
        write_columns(file.create_group("keys"), KEYS, chunk.keys, compression)
        write_view(file, chunk.view, compression)


def read_view_file(path: Path) -> ViewChunk:
    """Read what `write_view_file` wrote.

    Raises
    ------
    InputFileError
        If the file is missing, truncated or none of these.
    """
    with reading(path, "view") as file:
        attributes = read_attributes(file)
        rows = np.arange(len(file["keys/event"]))
        jets = read_columns(file["jets"], [column.name for column in JETS], rows)
        offsets, constituents = read_items(
            file["constituents"], [column.name for column in CONSTITUENTS], rows
        )
        return ViewChunk(
            process=attributes["process"],
            name=attributes["view"],
            first_event=attributes["first_event"],
            last_event=attributes["last_event"],
            keys=read_columns(file["keys"], [column.name for column in KEYS], rows),
            view=View(jets, constituents, offsets),
            attributes={name: v for name, v in attributes.items() if name not in _OWN},
        )
