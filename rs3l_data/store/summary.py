"""What a manifest says of a dataset: its files, counts, cross sections, origin and papers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.schema import FORMAT, FORMAT_VERSION, Split
from rs3l_data.errors import InputFileError
from rs3l_data.simulate.hard_events import HardRun
from rs3l_data.store.digest import digest_of_sums
from rs3l_data.store.manifest import checksum
from rs3l_data.store.reader import Dataset
from rs3l_data.store.row_sum import ALGORITHM

CITATION = (
    {"for": "the method", "title": "RS3L", "arxiv": "2403.07066"},
    {"for": "the events", "title": "Pythia 8.3", "arxiv": "2203.11601"},
    {"for": "the jets", "title": "FastJet", "arxiv": "1111.6097"},
    {"for": "softdrop_mass", "title": "Soft Drop", "arxiv": "1402.2657"},
    {"for": "tau1, tau2, tau3", "title": "N-subjettiness", "arxiv": "1011.2268"},
    {"for": "n2", "title": "N2", "arxiv": "1609.07483"},
)
"""The papers that a dataset's users are asked to cite."""

PILEUP_CITATION = {"for": "puppi against pile-up", "title": "PUPPI", "arxiv": "1407.6013"}
"""Where a view has pile-up"""

_MB_TO_PB = 1e9


def build_manifest(
    dataset: Dataset,
    folder: Path,
    runs: Sequence[HardRun] | None,
    software: Mapping[str, str],
    created: str | None = None,
) -> dict[str, Any]:
    """Describe a whole dataset, as opened from its shards in their order.

    Parameters
    ----------
    folder
        Where the manifest will lie, with the shards in or below it.
    runs
        Of all chunks of all processes; None where nobody knows the cross sections.
    software
        Versions by name.
    created
        When, in ISO 8601: the only entry that differs between two makings of the same dataset.

    Raises
    ------
    InputFileError
        If a process has rows but no run.
    """
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "created": created,
        **contents(dataset, folder),
        "processes": _processes(dataset, runs),
        "config": dataset.config,
        "software": dict(software),
        "citation": _citation(dataset.config),
    }


def contents(dataset: Dataset, folder: Path) -> dict[str, Any]:
    """Collect what a manifest says of the rows and files, as opened, and of nothing else."""
    return {
        "digest": digest_of_sums(dataset),
        "digest_algorithm": ALGORITHM,
        "n_rows": len(dataset),
        "n_events": dataset.n_events,
        "views": list(dataset.views),
        "labels": _labels(dataset),
        "splits": {split.name.lower(): _size(dataset.select(splits=split)) for split in Split},
        "files": _files(dataset, folder),
    }


def combine(runs: Sequence[HardRun]) -> dict[str, float | int]:
    """Combine the runs of one process: each estimates the same cross section.

    The estimates are averaged with their numbers of tried points as weights, as one long run
    would do; weights from the errors, which are estimates too, would bias the mean.

    Returns
    -------
    dict
        `cross_section_pb` and its error [pb], `n_tried`, `n_accepted`, `sum_of_weights`.

    Raises
    ------
    ValueError
        If no phase-space point was tried.
    """
    n_tried = sum(run.n_tried for run in runs)
    if n_tried == 0:
        raise ValueError("no run of this process has tried a phase-space point")
    parts = np.array([run.n_tried for run in runs]) / n_tried
    values = np.array([run.cross_section_mb for run in runs])
    errors = np.array([run.cross_section_error_mb for run in runs])
    return {
        "cross_section_pb": float(parts @ values) * _MB_TO_PB,
        "cross_section_error_pb": float(np.linalg.norm(parts * errors)) * _MB_TO_PB,
        "n_tried": n_tried,
        "n_accepted": sum(run.n_accepted for run in runs),
        "sum_of_weights": math.fsum(run.sum_of_weights for run in runs),
    }


def _citation(config: Mapping[str, Any]) -> list[dict[str, str]]:
    blocks = [config, *config.get("views", {}).values()]
    has_pileup = any(block.get("pileup", {}).get("mean", 0) > 0 for block in blocks)
    return [dict(paper) for paper in (*CITATION, *([PILEUP_CITATION] * has_pileup))]


def _processes(
    dataset: Dataset, runs: Sequence[HardRun] | None
) -> dict[str, dict[str, float | int]]:
    found: dict[str, dict[str, float | int]] = {}
    for name in dataset.processes:
        size = _size(dataset.select(processes=name))
        if runs is None:
            found[name] = {**size}
            continue
        mine = [run for run in runs if run.process == name]
        if mine:
            found[name] = {**size, **combine(mine)}
        elif size["n_rows"]:
            raise InputFileError(
                f"{dataset.source}: has rows of the process '{name}', but no file of its hard "
                "events was given; give those of all chunks, they hold its cross section"
            )
    return found


def _size(dataset: Dataset) -> dict[str, int]:
    return {"n_rows": len(dataset), "n_events": dataset.n_events}


def _labels(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """Count each label's rows, and of them those present in each view."""
    label = dataset.initiators["label"]
    present = {view: dataset.jets(view, ["present"])["present"] for view in dataset.views}
    return {
        name: {
            "n_rows": int(np.sum(label == index)),
            "present": {
                view: int(np.sum(there & (label == index))) for view, there in present.items()
            },
        }
        for index, name in enumerate(dataset.labels)
    }


def _files(dataset: Dataset, folder: Path) -> list[dict[str, Any]]:
    bounds = np.cumsum([0, *(shard.n_rows for shard in dataset.shards)])
    return [
        {
            "path": shard.path.relative_to(folder).as_posix(),
            "bytes": shard.path.stat().st_size,
            "sha256": checksum(shard.path, "sha256"),
            "md5": checksum(shard.path, "md5"),
            "n_rows": shard.n_rows,
            "n_events": {
                name: dataset[int(start) : int(stop)].select(processes=name).n_events
                for name in shard.processes
            },
        }
        for shard, start, stop in zip(dataset.shards, bounds[:-1], bounds[1:], strict=True)
    ]
