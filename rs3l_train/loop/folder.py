"""The folder of a stage: what it holds, whose it is, and where a network in it is."""

from __future__ import annotations

from pathlib import Path

import yaml

from rs3l_data.errors import ConfigError, InputFileError
from rs3l_train.config import TrainingConfig
from rs3l_train.loop.files import METRICS, read_metrics, write_whole

WEIGHTS = "weights.safetensors"
BEST = "best.safetensors"


def network_file(path: Path) -> Path:
    """Find the network of a run's folder; `best.safetensors`, say, may be named itself."""
    return path if path.suffix == ".safetensors" else path / WEIGHTS


def folder_of(path: Path) -> Path:
    """Find the folder of a run by itself or by one of its files."""
    return path.parent if path.suffix == ".safetensors" else path


def require_own(folder: Path, stage: str) -> None:
    """Check that a folder holds nothing of another stage, which this one would spoil.

    Raises
    ------
    ConfigError
        If it does.
    """
    try:
        held = read_metrics(folder).get("stage")
    except InputFileError:  # None yet, or a damaged one.
        held = "pretrain" if (folder / BEST).exists() else stage
    if held != stage:
        raise ConfigError(
            f"--out {folder}: holds what `{held}` left, which `{stage}` would spoil; choose"
            " another folder"
        )


def forget(folder: Path) -> None:
    """Take away the results of an earlier training, as another one begins."""
    for name in (WEIGHTS, BEST, METRICS):
        (folder / name).unlink(missing_ok=True)


def save_config(folder: Path, config: TrainingConfig) -> None:
    """Write all settings, to read or to train with again.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    document = {"training": config.model_dump(mode="json")}
    write_whole(folder / "config.yaml", yaml.safe_dump(document, sort_keys=False).encode())
