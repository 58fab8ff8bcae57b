"""The manifest of a dataset made from others: counted anew, the rest from theirs."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rs3l_data.describe.schema import FORMAT
from rs3l_data.errors import InputFileError
from rs3l_data.store.manifest import write_manifest
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.reader import Dataset
from rs3l_data.store.summary import contents

_ESTIMATES = (
    *("cross_section_pb", "cross_section_error_pb"),
    *("n_tried", "n_accepted", "sum_of_weights"),
)


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
    """Describe a process: its rows here, and the generation that they come from."""
    made = [
        entry
        for manifest in manifests
        if (entry := manifest["processes"].get(name, {})).keys() >= {*_ESTIMATES}
    ]
    return {**size, **(_generation(made) if made else {})}


def _generation(made: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Describe the generation that the rows of several sources come from: the longest of theirs.

    All have the same seed and settings, so that a longer generation begins with the events of a
    shorter one. Its sum of weights is that of all its events if a source was made of the whole;
    else of the parts that were downloaded, each once, and of shorter generations.
    """
    longest = max(made, key=lambda entry: entry["n_tried"])
    parts: dict[str, float] = {}
    for n_tried in dict.fromkeys(entry["n_tried"] for entry in made):
        of_one = [entry for entry in made if entry["n_tried"] == n_tried]
        whole = next((entry for entry in of_one if "parts" not in entry), None)
        if whole is not None and n_tried == longest["n_tried"]:
            return {key: whole[key] for key in _ESTIMATES}
        if whole is not None:
            parts[_identity(whole)] = whole["sum_of_weights"]
        else:
            parts |= {digest: own for entry in of_one for digest, own in entry["parts"].items()}
    total = math.fsum(parts.values())
    return {**{key: longest[key] for key in _ESTIMATES}, "sum_of_weights": total, "parts": parts}


def _identity(entry: Mapping[str, Any]) -> str:
    estimates = json.dumps([entry[key] for key in _ESTIMATES])
    return hashlib.sha256(estimates.encode()).hexdigest()
