"""Whether a shard has the tables, columns, types, lengths and attributes of the schema."""

from __future__ import annotations

import h5py
import numpy as np

from rs3l_data.describe.schema import (
    CONSTITUENTS,
    DECAYS,
    INITIATORS,
    JETS,
    Column,
    is_later,
    written_in,
)
from rs3l_data.integrity.findings import Place
from rs3l_data.store.guard import dataset_at, group_at
from rs3l_data.store.shard import Shard
from rs3l_data.store.weights import read_weights


def check_structure(file: h5py.File, shard: Shard, place: Place) -> None:
    """Check all of an open shard but the values of its columns; offsets are checked in full."""
    n_rows = shard.n_rows
    _check_table(file, "initiators", INITIATORS, n_rows, place)
    _check_items(file, "decays", DECAYS, n_rows, place)
    for view in shard.views:
        jets = written_in(JETS, shard.format_version)
        _check_table(file, f"views/{view}/jets", jets, n_rows, place)
        _check_items(file, f"views/{view}/constituents", CONSTITUENTS, n_rows, place)
    try:
        weights = read_weights(file)
    except ValueError as error:
        place.findings.add("structure", place.file, "/weights", error, "as docs/format.md says")
    else:
        if weights is not None and len(weights) != n_rows:
            place.findings.add("length", place.file, "/weights/values", len(weights), n_rows)
    # What a later minor version adds is not ours to judge.
    if not is_later(shard.format_version):
        _check_members(file, _members(shard), place)


def _members(shard: Shard) -> dict[str, set[str]]:
    """Name what each group may hold, by its path."""
    jets = written_in(JETS, shard.format_version)
    tables = {"/initiators": INITIATORS, "/decays": DECAYS}
    for view in shard.views:
        tables |= {f"/views/{view}/jets": jets, f"/views/{view}/constituents": CONSTITUENTS}
    return {
        "": {"initiators", "decays", "views", "weights"},
        "/views": {*shard.views},
        **{f"/views/{view}": {"jets", "constituents"} for view in shard.views},
        "/weights": {"values"},
        **{path: {"offsets", *(c.name for c in columns)} for path, columns in tables.items()},
    }


def _check_members(file: h5py.File, members: dict[str, set[str]], place: Place) -> None:
    for path, known in members.items():
        group = file.get(path or "/")
        found = {*group} if isinstance(group, h5py.Group) else set()
        for name in sorted(found - known):
            where = f"{path}/{name}"
            place.findings.add("structure", place.file, where, "something unknown", "nothing")


def _check_table(
    file: h5py.File, path: str, columns: tuple[Column, ...], length: int, place: Place
) -> None:
    """Check a table of ``length`` rows."""
    place = place.at(f"/{path}")
    try:
        group = group_at(file, path)
    except ValueError as error:
        place.findings.add("structure", place.file, place.table, error, "a group")
        return
    for column in columns:
        try:
            dataset = dataset_at(group, column.name, column.numpy_dtype)
        except ValueError as error:
            where = f"{place.table}/{column.name}"
            expected = f"{column.numpy_dtype}, {length} values"
            place.findings.add("structure", place.file, where, error, expected)
            continue
        if len(dataset) != length:
            place.findings.add("length", place.file, dataset.name, len(dataset), length)
        _check_attributes(dataset, column, place)


def _check_attributes(dataset: h5py.Dataset, column: Column, place: Place) -> None:
    unit, meaning = (dataset.attrs.get(name) for name in ("unit", "meaning"))
    if not isinstance(unit, str) or unit != column.unit:
        expected = f"the unit '{column.unit}'"
        place.findings.add("attributes", place.file, dataset.name, f"unit {unit!r}", expected)
    # A later version may say a meaning in better words.
    if not isinstance(meaning, str) or not meaning:
        expected = f"'{column.meaning}'"
        place.findings.add("attributes", place.file, dataset.name, f"meaning {meaning!r}", expected)


def _check_items(
    file: h5py.File, path: str, columns: tuple[Column, ...], n_rows: int, place: Place
) -> None:
    """Check a table of items, which ends where its offsets do."""
    place = place.at(f"/{path}")
    try:
        offsets = dataset_at(group_at(file, path), "offsets", np.dtype("<i8"))[:]
    except ValueError as error:
        where = f"{place.table}/offsets"
        place.findings.add("structure", place.file, where, error, f"int64, {n_rows + 1} values")
        return
    if len(offsets) != n_rows + 1:
        where = f"{place.table}/offsets"
        place.findings.add("length", place.file, where, len(offsets), n_rows + 1)
        return
    place.rows("offsets", "offsets", offsets[:1] != 0, offsets[:1], "0 to start with")
    falls = offsets[1:] < offsets[:-1]
    # The row that an offset ends is the one to look at.
    place.rows("offsets", "offsets", falls, offsets[1:], "no less than the offset before it")
    _check_table(file, path, columns, int(offsets[-1]), place)
