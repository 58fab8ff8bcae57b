"""What a user wants to know of a dataset at first sight; little more than a flag a jet is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from rs3l_data.describe.changes import described_among
from rs3l_data.describe.schema import Split
from rs3l_data.store.hdf5 import datasets_in, reading
from rs3l_data.store.reader import Dataset

_OF_GENERATION = ("cross_section_pb", "sum_of_weights")


def overview(dataset: Dataset) -> dict[str, Any]:
    """Count and measure a dataset, as JSON can hold it.

    Returns
    -------
    dict
        `rows`, `events`; `is_part`: whether other rows of its generation are known to be elsewhere,
        as for a shard by itself; by name `processes`, with what a manifest says of their
        generation, `labels`, `splits` and `views`, with the share of `present` jets, their mean
        number of `constituents` and the `changes` that a view makes, in words; `files`: number of
        shards, bytes, compression, ratio of the content to the bytes, bytes for each present jet;
        `jets`: the selection; `software`; `history`.
    """
    manifest = dataset.manifest or {}
    attributes = dataset.shards[0].attributes
    views = {view: _view(dataset, view) for view in dataset.views}
    n_jets = sum(view.pop("jets") for view in views.values())
    history = manifest.get("history", attributes.get("history", []))
    generation = manifest.get("processes", {})
    return {
        "source": dataset.source,
        "format_version": dataset.shards[0].format_version,
        "rows": len(dataset),
        "events": dataset.n_events,
        "is_part": not manifest
        or "part_of" in manifest
        or any(step["operation"] in ("split", "select") for step in history),
        "processes": {
            name: {
                **_size(dataset.select(processes=name)),
                **{key: generation.get(name, {}).get(key) for key in _OF_GENERATION},
            }
            for name in dataset.processes
        },
        "labels": {name: _size(dataset.select(labels=name)) for name in dataset.labels},
        "splits": {s.name.lower(): _size(dataset.select(splits=s)) for s in Split},
        "views": views,
        "files": _files(dataset, n_jets),
        "jets": dataset.config.get("jets", {}),
        "software": attributes.get("software", {}),
        "history": history,
    }


def _size(dataset: Dataset) -> dict[str, Any]:
    return {"rows": len(dataset), "events": dataset.n_events}


def _view(dataset: Dataset, name: str) -> dict[str, Any]:
    columns = dataset.jets(name, ["present", "n_constituents"])
    n_jets = int(columns["present"].sum())
    views = dataset.config.get("views")
    views = views if isinstance(views, Mapping) else {}
    entry = views.get(name)
    entry = entry if isinstance(entry, Mapping) else {}
    variation = entry.get("variation")
    changes, _ = described_among(entry, views, dataset.views)
    return {
        "jets": n_jets,
        "present": n_jets / max(len(dataset), 1),
        "constituents": float(np.sum(columns["n_constituents"])) / max(n_jets, 1),
        "redo": entry.get("redo"),
        "of": entry.get("of"),
        "variation": variation if isinstance(variation, str) else variation and "settings",
        "changes": changes,
    }


def _files(dataset: Dataset, n_jets: int) -> dict[str, Any]:
    stored = sum(shard.n_bytes for shard in dataset.shards)
    content, compressions = 0, set()
    for path in (path for shard in dataset.shards for path in shard.paths):
        with reading(path, "shard") as file:
            filled = [one for one in datasets_in(file) if one.size]
            content += sum(one.nbytes for one in filled)
            compressions |= {*map(_compression, filled)}
    return {
        "shards": len(dataset.shards),
        "bytes": stored,
        "compression": sorted(compressions),
        "ratio": content / stored,
        "bytes_per_jet": stored / max(n_jets, 1),
    }


def _compression(dataset: h5py.Dataset) -> str:
    names = {32026: "blosc2", 1: "gzip"}
    layout = dataset.id.get_create_plist()
    numbers = [layout.get_filter(i)[0] for i in range(layout.get_nfilters())]
    return next(
        (names[n] for n in numbers if n in names), f"filters {numbers}" if numbers else "none"
    )
