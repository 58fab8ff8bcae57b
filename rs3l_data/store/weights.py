"""The group /weights of a file: one two-dimensional dataset, names and meanings as attributes.

Most files have none: Pythia's own hard events have one weight, a column of their table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import h5py
import numpy as np

from rs3l_data.events.weights import Weights
from rs3l_data.store.filters import Compression, write_dataset
from rs3l_data.store.guard import dataset_at, group_at
from rs3l_data.store.hdf5 import read_json
from rs3l_data.store.tables import Columns

_GROUP = "weights"


def write_weights(file: h5py.File, weights: Weights | None, compression: Compression) -> None:
    """Write the weights of a file's rows, if there are any."""
    if weights is None:
        return
    group = file.create_group(_GROUP)
    group.attrs["names"] = json.dumps(weights.names, ensure_ascii=False)
    group.attrs["meanings"] = json.dumps(weights.meanings, ensure_ascii=False)
    write_dataset(group, "values", weights.values.astype("<f8"), compression)


def read_weights(file: h5py.File, n_rows: int | None = None) -> Weights | None:
    """Read the weights of all rows; None where a file has none.

    Parameters
    ----------
    n_rows
        How many rows there must be, if that is known.

    Raises
    ------
    ValueError
        If they are there, but not as they should be.
    """
    if _GROUP not in file:
        return None
    group = group_at(file, _GROUP)
    names, meanings = (read_json(group, name) for name in ("names", "meanings"))
    for texts in (names, meanings):
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{group.name}: its names and meanings must be lists of text")
    values = dataset_at(group, "values", np.dtype("<f8"), ndim=2)[:]
    if not len(names) == len(meanings) == len(set(names)) == values.shape[1]:
        raise ValueError(f"{group.name}: {values.shape[1]} columns, but the names {names!r:.200}")
    if n_rows is not None and len(values) != n_rows:
        raise ValueError(f"{group.name}: has {len(values)} rows, expected {n_rows}")
    return Weights(tuple(names), tuple(meanings), values)


def by_name(parts: Sequence[tuple[Weights | None, int]]) -> Columns:
    """Join the weights of several shards: by name, NaN in the rows that have none of it.

    Parameters
    ----------
    parts
        Of each shard the weights and the number of rows.
    """
    names = dict.fromkeys(name for part, _ in parts if part is not None for name in part.names)
    return {
        name: np.concatenate(
            [
                part.values[:, part.names.index(name)]
                if part is not None and name in part.names
                else np.full(length, np.nan)
                for part, length in parts
            ]
        )
        for name in names
    }
