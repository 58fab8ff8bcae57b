"""A dataset of ours as Parquet: a row for each jet of a view, its constituents nested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rs3l_data.convert import defaults
from rs3l_data.convert.rows import Block, blocks, nested
from rs3l_data.describe.schema import Split
from rs3l_data.store.atomic import atomic_write
from rs3l_data.store.reader import Dataset

if TYPE_CHECKING:
    import awkward as ak

_HARD = ("pdg_id", "pt", "eta", "phi", "mass")


def write_parquet(
    dataset: Dataset, folder: Path, view: str, rows: int = defaults.ROWS
) -> dict[Path, int]:
    """Write the jets of one view into ``folder/jets.parquet``.

    The columns are `process`, `label`, `split` and `view` by name, `event`, `initiator`, `weight`,
    `hard_*` (the initiator in the hard process), `jet_*` (all columns of the jets), `decays` and
    `constituents` (lists of records).

    Parameters
    ----------
    rows
        Of the dataset that are held in memory, and of a row group.

    Returns
    -------
    dict
        The file and its number of jets.

    Raises
    ------
    InputFileError
        If there is no such view, or a shard is damaged.
    StorageError
        If the file cannot be written.
    """
    import awkward as ak
    import pyarrow  # noqa: F401  (awkward imports it too late, when the folder is there)

    path = folder / "jets.parquet"
    count = 0

    def groups() -> Iterator[ak.Array]:
        nonlocal count
        for block in blocks(dataset, view, rows):
            count += len(block)
            yield _records(dataset, block, view)

    with atomic_write(path) as temporary:
        ak.to_parquet_row_groups(groups(), temporary, extensionarray=False)
    return {path: count}


def _records(dataset: Dataset, block: Block, view: str) -> ak.Array:
    import awkward as ak

    rows = block.initiators.columns
    splits = [split.name.lower() for split in Split]
    fields = {
        "process": ak.Array([*dataset.processes])[rows["process"]],
        "label": ak.Array([*dataset.labels])[rows["label"]],
        "split": ak.Array(splits)[rows["split"]],
        "view": ak.Array([view])[np.zeros(len(block), np.int64)],
        **{name: rows[name] for name in ("event", "initiator", "weight")},
        **{f"hard_{name}": rows[name] for name in _HARD},
        **{f"jet_{name}": column for name, column in block.view.jets.items()},
        "decays": nested(block.initiators.offsets, block.initiators.decays),
        "constituents": nested(block.view.offsets, block.view.constituents),
    }
    return ak.zip(fields, depth_limit=1)
