"""What a manifest says of a dataset: its files, counts, cross sections, origin and papers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.schema import FORMAT, FORMAT_VERSION
from rs3l_data.errors import InputFileError
from rs3l_data.events.hard_events import HardRun
from rs3l_data.store.checksums import Checksums, checksums
from rs3l_data.store.counts import Counts, added, counts_of
from rs3l_data.store.digest import digest_of_sums
from rs3l_data.store.reader import Dataset
from rs3l_data.store.row_sum import ALGORITHM
from rs3l_data.store.shard import Shard

CITATION = (
    {"for": "the method", "title": "RS3L", "arxiv": "2403.07066"},
    {"for": "the events", "title": "Pythia 8.3", "arxiv": "2203.11601"},
    {"for": "the jets", "title": "FastJet", "arxiv": "1111.6097"},
    {"for": "softdrop_mass", "title": "Soft Drop", "arxiv": "1402.2657"},
    {"for": "tau1 to tau4", "title": "N-subjettiness", "arxiv": "1011.2268"},
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
    known: Mapping[Path, Checksums] | None = None,
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
    known
        Checksums of shards that have just been read.

    Raises
    ------
    InputFileError
        If a process has rows but no run.
    """
    found = contents(dataset, folder, known)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "created": created,
        **found,
        "processes": _processes(found["processes"], runs, dataset.source),
        "config": dataset.config,
        "software": dict(software),
        "citation": _citation(dataset.config),
    }


def contents(
    dataset: Dataset, folder: Path, known: Mapping[Path, Checksums] | None = None
) -> dict[str, Any]:
    """Collect what a manifest says of the rows and files of whole shards, and of nothing else.

    The shards are looked at one by one, and no jet is read but whether it is there: the digest is
    that of the sums that the shards carry.
    """
    counts = [counts_of(shard, dataset.views) for shard in dataset.shards]
    total = added(counts)
    return {
        "digest": digest_of_sums(dataset),
        "digest_algorithm": ALGORITHM,
        "n_rows": total["n_rows"],
        "n_events": total["n_events"],
        "views": list(dataset.views),
        "labels": total["labels"],
        "splits": total["splits"],
        "files": [
            _file(shard, own, folder, (known or {}).get(shard.path))
            for shard, own in zip(dataset.shards, counts, strict=True)
        ],
        "processes": total["processes"],
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
    counts: Mapping[str, Any], runs: Sequence[HardRun] | None, source: str
) -> dict[str, dict[str, float | int]]:
    found: dict[str, dict[str, float | int]] = {}
    for name, size in counts.items():
        mine = [run for run in runs or () if run.process == name]
        if mine:
            found[name] = {**size, **combine(mine)}
        elif runs is None:
            found[name] = {**size}
        elif size["n_rows"]:
            raise InputFileError(
                f"{source}: has rows of the process '{name}', but no file of its hard "
                "events was given; give those of all chunks, they hold its cross section"
            )
    return found


def _file(shard: Shard, counts: Counts, folder: Path, known: Checksums | None) -> dict[str, Any]:
    processes = counts["processes"].items()
    return {
        "path": shard.path.relative_to(folder).as_posix(),
        "bytes": shard.path.stat().st_size,
        **(known or checksums(shard.path))._asdict(),
        "n_rows": shard.n_rows,
        "n_events": {name: size["n_events"] for name, size in processes},
    }
