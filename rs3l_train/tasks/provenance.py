"""What a training is made of, beside its settings: for those who want to do it again."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from rs3l_data.source import source_digest
from rs3l_data.store.checksums import checksum
from rs3l_data.store.manifest import MANIFEST_NAME
from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig
from rs3l_train.config.announced import own_packages
from rs3l_train.loop.device import prepare
from rs3l_train.loop.identity import PACKAGE

SOFTWARE = ("rs3l", "torch", "numpy", "scikit-learn", "safetensors", "matplotlib")


def provenance(
    dataset: Dataset, data: Path, config: TrainingConfig, command: Sequence[str], processes: int
) -> dict[str, Any]:
    """Say what a training is made of.

    Returns
    -------
    dict
        `command`; `started` (UTC); `dataset` with the `sha256` of its manifest, which holds those
        of all shards, or of the single shard; `seed`, `device`, `threads`, `processes` (of
        torchrun; 1 without it); `software` with versions; `code`, a digest of the package's source;
        `own_packages`, digests of those that announce a network or an objective.
    """
    return {
        "command": list(command),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "dataset": {
            "path": str(data),
            "rows": len(dataset),
            "views": list(dataset.views),
            "labels": list(dataset.labels),
            "sha256": checksum(data / MANIFEST_NAME if data.is_dir() else data, "sha256"),
        },
        "seed": config.seed,
        "device": str(prepare(config)),
        "threads": torch.get_num_threads(),
        "processes": processes,
        "software": {
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            **{name: version(name) for name in SOFTWARE},
        },
        "code": source_digest(PACKAGE),
        "own_packages": own_packages(),
    }


def with_earlier(about: dict[str, Any], path: Path) -> dict[str, Any]:
    """Add, as `earlier`, what an earlier command left in the same file: it may have trained it."""
    try:
        before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {**about, "earlier": [*before.pop("earlier", []), before]}
    except (OSError, ValueError, AttributeError, TypeError):  # None yet, or a damaged one.
        return about
