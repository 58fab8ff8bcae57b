"""Files of hard events: one for each chunk of each process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from pydantic import TypeAdapter

from rs3l_data.describe.schema import HARD_EVENTS, HARD_PARTICLES, Column, named
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.store.columns import read_columns, read_items, write_columns, write_offsets
from rs3l_data.store.filters import Compression
from rs3l_data.store.guard import group_at, n_values
from rs3l_data.store.hdf5 import create, read_attributes, reading
from rs3l_data.store.tables import I8, Columns
from rs3l_data.store.weights import read_weights, write_weights


def write_hard_events(
    path: Path,
    events: HardEvents,
    run: HardRun,
    attributes: Mapping[str, Any],
    compression: Compression = "blosc2",
) -> None:
    """Write the hard events of a chunk, whole or not at all.

    Parameters
    ----------
    attributes
        `config`, `software` and what else JSON can hold.

    Raises
    ------
    ValueError
        If the tables do not fit the schema.
    StorageError
        If the file cannot be written.
    """
    with create(path, "hard", {**attributes, "run": asdict(run)}) as file:
        write_columns(file.create_group("events"), HARD_EVENTS, events.events, compression)
        particles = file.create_group("particles")
        write_offsets(particles, events.offsets, compression)
        write_columns(particles, HARD_PARTICLES, events.particles, compression, items=True)
        write_weights(file, events.weights, compression)


def read_hard_events(path: Path) -> HardEvents:
    """Read the hard events of a chunk, bit for bit as they were written.

    Raises
    ------
    InputFileError
        If the file is missing, truncated or none of hard events.
    """
    with reading(path, "hard") as file:
        rows, events = _read_events(file, HARD_EVENTS)
        offsets, particles = read_items(group_at(file, "particles"), HARD_PARTICLES, rows)
        return HardEvents(events, particles, offsets, read_weights(file, len(rows)))


def read_event_numbers(path: Path) -> I8:
    """Read the numbers of the hard events of a chunk, and nothing else.

    Raises
    ------
    InputFileError
        If the file is missing, truncated or none of hard events.
    """
    with reading(path, "hard") as file:
        _, events = _read_events(file, named(HARD_EVENTS, ["event"]))
        return events["event"].astype(np.int64, copy=False)


def read_hard_run(path: Path) -> tuple[HardRun, dict[str, Any]]:
    """Read what a file of hard events says beside them: the run, and the other attributes.

    Raises
    ------
    InputFileError
        If the file is missing, truncated or none of hard events.
    """
    with reading(path, "hard") as file:
        attributes = read_attributes(file)
        text = json.dumps(attributes.pop("run"))
        return TypeAdapter(HardRun).validate_json(text, strict=True), attributes


def _read_events(file: h5py.File, columns: tuple[Column, ...]) -> tuple[I8, Columns]:
    """Read some columns of all events, with the numbers of their rows."""
    group = group_at(file, "events")
    rows = np.arange(n_values(group, HARD_EVENTS[0]))
    return rows, read_columns(group, columns, rows, len(rows))
