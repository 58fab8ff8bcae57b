"""The manifest of a dataset's rows in other files, or of some of them: true of what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import rs3l_data
from rs3l_data.store.reader import Dataset
from rs3l_data.store.summary import contents


def manifest_of(whole: Mapping[str, Any], shards: Sequence[Path], folder: Path) -> dict[str, Any]:
    """Describe shards that hold all or some of a dataset's rows, in all or some of its views.

    What the generation says of a process (its cross section, the points tried) stays; the counts,
    and the sum of weights that a histogram of these rows is normalised with, are those of the
    files. Where rows or views are missing, `part_of` holds the digest of the whole.

    Parameters
    ----------
    whole
        The manifest of the dataset.
    folder
        Where the manifest will lie, with the shards in it.
    """
    dataset = rs3l_data.open(shards)
    found = contents(dataset, folder)
    processes = {
        name: {**whole["processes"][name], **_counts(dataset, name, whole["processes"][name])}
        for name in dataset.processes
        if name in whole["processes"]
    }
    manifest = {
        **whole,
        **found,
        "processes": {name: made for name, made in processes.items() if made["n_rows"]},
    }
    if found["digest"] != whole["digest"]:
        manifest["part_of"] = {"digest": whole["digest"]}
    return manifest


def _counts(dataset: Dataset, process: str, made: Mapping[str, Any]) -> dict[str, float | int]:
    rows = dataset.select(processes=process)
    counts: dict[str, float | int] = {"n_rows": len(rows), "n_events": rows.n_events}
    if rows.n_events != made["n_events"]:
        _, first = np.unique(rows.event_keys, return_index=True)
        counts["sum_of_weights"] = float(rows.initiators["weight"][first].sum())
    return counts
