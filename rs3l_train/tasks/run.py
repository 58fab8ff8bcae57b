"""The usual chain in one go, and with it all that is needed to do it again."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml

from rs3l_data.store.manifest import MANIFEST_NAME, checksum
from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig
from rs3l_train.loop.device import prepare
from rs3l_train.loop.files import write_json, write_whole
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.study import study

SOFTWARE = ("rs3l", "torch", "numpy", "scikit-learn", "safetensors", "matplotlib")


def run(
    dataset: Dataset,
    data: Path,
    config: TrainingConfig,
    folder: Path,
    command: Sequence[str],
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Pretrain, train taggers with and without, test them in every view, draw the pictures.

    Leaves ``config.yaml`` (every default filled in), ``run.json`` (see `provenance`),
    ``pretrain/`` and ``study/`` in the folder. What is done there already, with the same settings
    and data, is taken as it is.

    Parameters
    ----------
    command
        That started the run.
    processes
        Those that share the work; only the first writes.

    Returns
    -------
    dict
        The content of the study's ``metrics.json``; of the other processes nothing.

    Raises
    ------
    ConfigError, InputFileError
        If dataset and config do not fit together.
    TrainingError
        If a loss is no longer a number.
    """
    if processes.first:
        write_whole(
            folder / "config.yaml",
            yaml.safe_dump({"training": config.model_dump(mode="json")}, sort_keys=False).encode(),
        )
        write_json(folder / "run.json", provenance(dataset, data, config, command))
    pretrain(dataset, config, folder / "pretrain", processes=processes)
    processes.wait()
    return study(dataset, config, folder / "pretrain", folder / "study", processes)


def provenance(
    dataset: Dataset, data: Path, config: TrainingConfig, command: Sequence[str]
) -> dict[str, Any]:
    """Say what a run is made of.

    Returns
    -------
    dict
        `command`; `started` (UTC); `dataset` with the `sha256` of its manifest, which holds those
        of all shards, or of the single shard; `seed`, `device`, `threads`; `software` with
        versions.
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
        "software": {
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            **{name: version(name) for name in SOFTWARE},
        },
    }
