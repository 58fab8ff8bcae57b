"""The manifest of a dataset made from others: counted anew, the rest from theirs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rs3l_data.describe.schema import FORMAT
from rs3l_data.errors import InputFileError
from rs3l_data.events.hard_events import HardRun
from rs3l_data.store.manifest import write_manifest
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.reader import Dataset
from rs3l_data.store.summary import combine, contents

_ESTIMATES = (
    *("cross_section_pb", "cross_section_error_pb"),
    *("n_tried", "n_accepted", "sum_of_weights"),
)
_MB_TO_PB = 1e9


def finish(folder: Path, paths: Sequence[Path], sources: Sequence[Dataset]) -> None:
    """Write the manifest of the shards in ``folder``, with what the sources' say of generation.

    Raises
    ------
    InputFileError
        If there is no shard.
    """
    if not paths:
        raise InputFileError(f"{sources[0].source}: no row fulfils all conditions; nothing written")
    dataset = open_dataset(paths)
    manifests = [source.manifest or {} for source in sources]
    papers = [paper for manifest in manifests for paper in manifest.get("citation", [])]
    found = contents(dataset, folder)
    manifest = {
        "format": FORMAT,
        "format_version": dataset.shards[0].format_version,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **found,
        "processes": {
            name: _process(name, size, manifests) for name, size in found["processes"].items()
        },
        "config": dataset.config,
        "software": {k: v for one in manifests[::-1] for k, v in one.get("software", {}).items()},
        "citation": [paper for i, paper in enumerate(papers) if paper not in papers[:i]],
        "history": dataset.shards[0].attributes["history"],
    }
    write_manifest(folder, manifest)


def _process(
    name: str, size: Mapping[str, int], manifests: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Describe a process: its rows here, and the whole generation that they come from."""
    entry: dict[str, Any] = {**size}
    runs = _runs(name, manifests)
    if len(runs) == 1:
        return {**entry, **runs[0]}
    return {**entry, **_combined(name, runs), "runs": runs} if runs else entry


def _runs(process: str, manifests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """List the generations that the rows of a process come from, each once.

    Parts of one generation carry the same estimates, which two generations never do. Parts that
    were downloaded have their own share of its sum of weights, all others the whole.
    """
    found: list[dict[str, Any]] = []
    are_shares = all("part_of" in manifest for manifest in manifests)
    for manifest in manifests:
        entry = manifest["processes"].get(process, {})
        alone = {key: entry[key] for key in _ESTIMATES if key in entry}
        for run in entry.get("runs", [alone] if len(alone) == len(_ESTIMATES) else []):
            same = [one for one in found if all(one[key] == run[key] for key in _ESTIMATES[:-1])]
            if not same:
                found.append(dict(run))
            elif are_shares or same[0]["sum_of_weights"] != run["sum_of_weights"]:
                same[0]["sum_of_weights"] += run["sum_of_weights"]
    return found


def _combined(process: str, runs: Sequence[dict[str, Any]]) -> dict[str, float | int]:
    return combine(
        [
            HardRun(
                process=process,
                seed=0,
                cross_section_mb=run["cross_section_pb"] / _MB_TO_PB,
                cross_section_error_mb=run["cross_section_error_pb"] / _MB_TO_PB,
                n_tried=run["n_tried"],
                n_accepted=run["n_accepted"],
                sum_of_weights=run["sum_of_weights"],
            )
            for run in runs
        ]
    )
