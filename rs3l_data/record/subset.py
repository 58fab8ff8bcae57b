"""The manifest of a dataset's rows in other files, or of some of them: true of what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.store.contents import has_rows_of_all
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.reader import Dataset
from rs3l_data.store.summary import contents


def manifest_of(whole: Mapping[str, Any], shards: Sequence[Path], folder: Path) -> dict[str, Any]:
    """Describe shards that hold all or some of a dataset's rows, in all or some of its views.

    What the generation says of a process (its cross section, the points tried) stays; the counts,
    and the sum of weights that a histogram of these rows is normalised with, are those of the
    files; `parts` says so, by the digest of what is there. Where rows or views are missing,
    `part_of` holds the digest of the whole. Where events may have no rows, the sum of weights is
    the share of that of the whole, which counts those too, that the part has of the events with
    rows.

    Parameters
    ----------
    whole
        The manifest of the dataset.
    folder
        Where the manifest will lie, with the shards in it.
    """
    dataset = open_dataset(shards)
    found = contents(dataset, folder)
    processes = {
        name: {**made, **_counts(dataset, name, found, whole)}
        for name, made in whole["processes"].items()
        if name in dataset.processes
    }
    manifest = {
        **whole,
        **found,
        "processes": {name: made for name, made in processes.items() if made["n_rows"]},
    }
    if _is_part(found, whole):
        manifest["part_of"] = {"digest": whole["digest"]}
    return manifest


def _is_part(found: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    if found["digest_algorithm"] == whole.get("digest_algorithm"):
        return bool(found["digest"] != whole["digest"])
    # An older version's digest cannot be compared; rows and views are no others, but maybe fewer.
    sizes = [(manifest["n_rows"], len(manifest["views"])) for manifest in (found, whole)]
    return sizes[0] != sizes[1]


def _counts(
    dataset: Dataset, process: str, found: Mapping[str, Any], whole: Mapping[str, Any]
) -> dict[str, Any]:
    made, size = whole["processes"][process], found["processes"][process]
    counts: dict[str, Any] = {**size}
    if size["n_events"] == made["n_events"] or "sum_of_weights" not in made:
        return counts
    if not has_rows_of_all(whole, process):
        share = size["n_events"] / max(made["n_events"], 1)
        total = made["sum_of_weights"] * share
    else:
        rows = dataset.select(processes=process)
        _, first = np.unique(rows.event_keys, return_index=True)
        total = float(rows.initiators["weight"][first].sum())
    return {**counts, "sum_of_weights": total, "parts": {found["digest"]: total}}
