"""The views of one shower of one chunk: what a simulation job leaves for the packing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.schema import CONSTITUENTS, JETS, KEYS
from rs3l_data.stopwatch import Stopwatch, no_stopwatch
from rs3l_data.store.columns import read_columns, read_items, write_columns
from rs3l_data.store.filters import Compression
from rs3l_data.store.growing import GrowingView
from rs3l_data.store.guard import group_at, n_values
from rs3l_data.store.hdf5 import creating, read_attributes, read_names, reading
from rs3l_data.store.tables import Columns, View


@dataclass(frozen=True, slots=True)
class EventRange:
    """A range of hard events of one process."""

    process: str
    first_event: int
    last_event: int
    """Included; with an empty range, ``first_event - 1``"""


def write_view_file(
    path: Path,
    events: EventRange,
    keys: Columns,
    names: Iterable[str],
    blocks: Iterable[Mapping[str, View]],
    attributes: Mapping[str, Any],
    compression: Compression = "blosc2",
    stopwatch: Stopwatch = no_stopwatch,
) -> None:
    """Write the views of one shower, whole or not at all.

    Parameters
    ----------
    keys
        `event` and `initiator` of each row, (n_rows,) each.
    names
        Of the views.
    blocks
        All views, by name, of some rows after the other, at least one block; memory holds one at a
        time.
    attributes
        What else JSON can hold: config, software.
    stopwatch
        Called with "write" for a context to write in.

    Raises
    ------
    ValueError
        If the tables do not fit the schema, there is not one key to each row of each view, or an
        event lies outside the range.
    StorageError
        If the file cannot be written.
    """
    _check_range(events, keys)
    names = [*names]
    attributes = {**attributes, **asdict(events), "view_names": names}
    with creating(path, "view", attributes) as (file, disk):
        write_columns(file.create_group("keys"), KEYS, keys, compression)
        views = {
            name: GrowingView(file.create_group(f"views/{name}"), compression) for name in names
        }
        for block in blocks:
            with stopwatch("write"):
                for name, view in views.items():
                    view.append(block[name])
            disk.check()
        with stopwatch("write"):
            for name, view in views.items():
                view.finish()
                _check_rows(name, view.n_rows, keys)


@dataclass(frozen=True, slots=True)
class ViewFile:
    """A file of views; each reading opens it and closes it."""

    path: Path
    events: EventRange
    keys: Columns
    """`event` and `initiator` of each row, (n_rows,) each"""
    names: tuple[str, ...]
    """Of the views"""
    attributes: dict[str, Any]

    def read(self, name: str, start: int, stop: int) -> View:
        """Read the rows ``start`` to ``stop`` of a view.

        Raises
        ------
        InputFileError
            If the file is damaged.
        """
        rows = np.arange(start, stop)
        with reading(self.path, "view") as file:
            group = group_at(file, f"views/{name}")
            n_rows = len(self.keys["event"])
            jets = read_columns(group_at(group, "jets"), JETS, rows, n_rows)
            offsets, constituents = read_items(group_at(group, "constituents"), CONSTITUENTS, rows)
            return View(jets, constituents, offsets)


def open_view_file(path: Path) -> ViewFile:
    """Read what `write_view_file` wrote, but for the views.

    Raises
    ------
    InputFileError
        If the file is missing, truncated or none of these.
    """
    with reading(path, "view") as file:
        attributes = read_attributes(file)
        own = {name: attributes.pop(name, None) for name in EventRange.__slots__}
        for name, expected in {"process": str, "first_event": int, "last_event": int}.items():
            if type(own[name]) is not expected:
                raise ValueError(
                    f"attribute '{name}': found {own[name]!r:.80}, expected {expected.__name__}"
                )
        names = read_names(attributes, "view_names")
        del attributes["view_names"]
        group = group_at(file, "keys")
        rows = np.arange(n_values(group, KEYS[0]))
        keys = read_columns(group, KEYS, rows, len(rows))
        events = EventRange(**own)
        _check_range(events, keys)
        for name in names:
            jets = group_at(file, f"views/{name}/jets")
            _check_rows(name, n_values(jets, JETS[0]), keys)
        return ViewFile(path, events, keys, names, attributes)


def _check_range(events: EventRange, keys: Columns) -> None:
    event = keys["event"]
    if len(event) and not (events.first_event <= event.min() <= event.max() <= events.last_event):
        raise ValueError(
            f"events {event.min()} to {event.max()} found in the range of events "
            f"{events.first_event} to {events.last_event}"
        )


def _check_rows(name: str, n_rows: int, keys: Columns) -> None:
    if any(len(column) != n_rows for column in keys.values()):
        raise ValueError(f"{len(keys['event'])} keys, but {n_rows} rows of view '{name}'")
