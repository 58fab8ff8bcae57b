"""Offsets and weights of a file are believed only if they stay within their tables."""

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import InputFileError

OFFSETS = "views/seed/constituents/offsets"


def put(path, name, rows, values):
    with h5py.File(path, "a") as file:
        column = file[name][:]
        column[rows] = values
        file[name][...] = column


def refused(dataset, fault):
    with pytest.raises(InputFileError, match=rf"shard\.h5: damaged: /views/seed/.*{fault}"):
        dataset.constituents("seed", ["pt"])


@pytest.mark.parametrize(
    ("row", "value", "fault"),
    [
        (0, 1, "row 0: starts at 1, expected 0"),
        (3, -5, "row 2: goes from .* to -5, expected offsets that never fall"),
        (4, np.iinfo(np.int64).max, "row 4: goes from 9223372036854775807 to"),
        (-1, 10**6, "has .* values, shorter than its offsets"),
    ],
)
def test_offsets_that_lead_elsewhere(shard, row, value, fault):
    put(shard, OFFSETS, row, value)
    refused(rs3l_data.open(shard), fault)


def test_offsets_that_end_too_soon(shard):
    """What nobody owns would be read by nobody, and missed by nobody."""
    with h5py.File(shard, "a") as file:
        pt = file["views/seed/constituents/pt"][:]
        del file["views/seed/constituents/pt"]
        file["views/seed/constituents/pt"] = np.append(pt, pt[-1])
    refused(rs3l_data.open(shard), f"has {len(pt) + 1} values, but the offsets end at {len(pt)}")


@pytest.mark.parametrize("name", ["views/seed/jets/contained", "initiators/label"])
def test_columns_longer_than_their_table(shard, name):
    """Their first values would be taken for those of the rows; here they are not."""
    with h5py.File(shard, "a") as file:
        values = file[name][:]
        del file[name]
        file[name] = np.append(np.zeros_like(values[:1]), values)
    dataset = rs3l_data.open(shard)
    fault = f"shard.h5: damaged: /{name}: has {len(values) + 1} values, but there are {len(values)}"
    for rows in (slice(None), slice(3, 7)):
        part = dataset[rows]
        with pytest.raises(InputFileError, match=fault):
            part.jets("seed", ["contained"]) if "jets" in name else part.initiators["label"]


def test_offsets_that_fall_between_the_rows_that_are_read(shard, monkeypatch):
    monkeypatch.setattr("rs3l_data.store.columns.FAR_WITH_ITEMS", 1)
    put(shard, OFFSETS, slice(20, 22), 0)
    rows = np.array([1, 20])
    refused(rs3l_data.open(shard).take(rows), "row 20: goes from 0 to 0, expected .* below")


@pytest.mark.parametrize("n_rows", [5, 31])
def test_weights_of_fewer_rows_or_of_more(shard, n_rows):
    with h5py.File(shard, "a") as file:
        group = file.create_group("weights")
        group.attrs["names"] = group.attrs["meanings"] = '["up"]'
        group["values"] = np.ones((n_rows, 1))
    with pytest.raises(InputFileError, match=rf"/weights: has {n_rows} rows, expected 30"):
        _ = rs3l_data.open(shard)[:5].weights
