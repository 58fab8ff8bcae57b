"""The folder of a stage: what it holds, whose it is, and where a network in it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from safetensors import SafetensorError, safe_open

from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.alone import alone
from rs3l_data.store.atomic import write_whole
from rs3l_data.store.manifest import MANIFEST_NAME
from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig
from rs3l_train.loop.files import METRICS, read_metrics
from rs3l_train.loop.identity import MODE

WEIGHTS = "weights.safetensors"
BEST = "best.safetensors"
CHECKPOINT = "checkpoint.safetensors"
RECORDS = "metrics.jsonl"
CONFIG = "config.yaml"
RUN = "run.json"
OWN_FILES = (WEIGHTS, BEST, CHECKPOINT, RECORDS, METRICS, CONFIG, RUN)
EVALUATION = "evaluation"
"""Folder of `evaluate`'s results, if not told otherwise"""
TRAININGS = "trainings"
"""Folder of a study with one for each tagger"""


def network_file(path: Path) -> Path:
    """Find the network of a run's folder; `best.safetensors`, say, may be named itself."""
    return path if path.suffix == ".safetensors" else path / WEIGHTS


def folder_of(path: Path) -> Path:
    """Find the folder of a run by itself or by one of its files."""
    return path.parent if path.suffix == ".safetensors" else path


@contextmanager
def one_training(folder: Path) -> Iterator[None]:
    """Keep other commands from training in a folder: the files of both would mix.

    Raises
    ------
    ConfigError
        If one is at it, on this machine, or if there can be no folder.
    StorageError
        If it cannot be made.
    """
    require_folder(folder)
    taken = ConfigError(
        f"--out {folder}: another command is training there; wait until it ends, or choose another"
        " folder"
    )
    with alone(folder, taken):
        yield


def require_folder(folder: Path) -> None:
    """Check that no file is in the way of a folder.

    Raises
    ------
    ConfigError
        If one is.
    """
    for part in (folder, *folder.parents):
        if part.is_file():
            raise ConfigError(f"--out {folder}: {part} is a file; choose another folder")


def require_own(folder: Path, stage: str) -> None:
    """Check that a folder holds nothing of another stage, which this one would spoil.

    Raises
    ------
    ConfigError
        If it does, or if it cannot be a folder, because a file is in the way.
    """
    require_folder(folder)
    if (folder / MANIFEST_NAME).exists():
        raise ConfigError(f"--out {folder}: is a dataset; choose another folder")
    held = _owner(folder)
    if held not in (stage, None):
        raise ConfigError(
            f"--out {folder}: holds what `{held}` left, which `{stage}` would spoil; choose"
            " another folder"
        )


def _owner(folder: Path) -> str | None:
    """Tell what stage a folder is of, finished or not; None: of none, as far as can be seen."""
    try:
        if stage := read_metrics(folder).get("stage"):
            return str(stage)
    except InputFileError:  # None yet, or a damaged one.
        pass
    if any((folder / name).is_dir() for name in ("pretrain", "study")):
        return "run"
    networks = [_header(folder / name) for name in (WEIGHTS, CHECKPOINT)]
    if (folder / TRAININGS).is_dir() or (folder.parent.name == TRAININGS and any(networks)):
        return "study"
    if (folder / BEST).exists():
        return "pretrain"
    saved, unfinished = networks
    if "kind" in saved:
        return "finetune" if saved["kind"] == "tagger" else "pretrain"
    if "fixed" in unfinished:
        # In what may be no JSON any more.
        return "finetune" if f'"{MODE}":' in unfinished["fixed"] else "pretrain"
    return None


def _header(path: Path) -> dict[str, str]:
    """Read what a safetensors file says of itself; nothing if there is none, or a damaged one."""
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError):
        return {}


def require_other_file(path: Path, model: Path, dataset: Dataset | None = None) -> None:
    """Check that a result does not take the place of the network or dataset that it is made of.

    Raises
    ------
    ConfigError
        If it does.
    """
    if path.resolve() == network_file(model).resolve():
        raise ConfigError(f"--out {path}: is the network itself; choose another file")
    if path.name in OWN_FILES and path.resolve().parent == folder_of(model).resolve():
        raise ConfigError(f"--out {path}: is a file of the training; choose another one")
    shards = dataset.shards if dataset is not None else ()
    for own in (own for shard in shards for own in shard.paths):
        if path.resolve() in (own.resolve(), own.with_name(MANIFEST_NAME).resolve()):
            raise ConfigError(f"--out {path}: is a file of the dataset; choose another one")


def forget(folder: Path, went_on: bool) -> None:
    """Take away the results of an earlier training, as another one begins.

    Parameters
    ----------
    went_on
        Whether it goes on with that one: then its state and best weights so far stay.
    """
    of_before = () if went_on else (CHECKPOINT, BEST, RECORDS)
    results = (WEIGHTS, METRICS, f"{EVALUATION}/{METRICS}", *of_before)
    for name in results:
        (folder / name).unlink(missing_ok=True)


def save_config(folder: Path, config: TrainingConfig) -> None:
    """Write all settings, to read or to train with again.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    document = {"training": config.model_dump(mode="json")}
    write_whole(folder / CONFIG, yaml.safe_dump(document, sort_keys=False))
