"""A trained network in a folder: its weights, and in the same file all that is needed to use it.

``weights.safetensors`` holds the weights and, in its header, the training config, so that the two
never differ; ``config.yaml`` beside it says the same to a reader, and can be trained with again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.atomic import write_whole
from rs3l_data.store.sketch import Sketch
from rs3l_train.config import TrainingConfig, validate_training
from rs3l_train.loop.folder import CONFIG, WEIGHTS, network_file, save_config
from rs3l_train.loop.identity import Identity, differing, software
from rs3l_train.loop.sealed import read_sealed, sealed

logger = logging.getLogger(__name__)

LearnedFrom = Mapping[str, Sketch]
"""By the way of learning, the hard events of the jets that a network has learned from"""

FORMAT = "rs3l-network-7"
TRAIN_AGAIN = "train again"


def save_network(
    folder: Path,
    network: nn.Module,
    kind: str,
    config: TrainingConfig,
    details: dict[str, Any],
    *,
    name: str = WEIGHTS,
    identity: Identity | None = None,
    learned_from: LearnedFrom | None = None,
    trained_by: Mapping[str, str] | None = None,
) -> None:
    """Save a network.

    Parameters
    ----------
    kind
        ``backbone`` or ``tagger``.
    details
        Kept with the weights: views, software, how the training went.
    name
        Of the file.
    identity
        What the finished training depended on, for `done_before`.
    learned_from
        Which hard events; None: not known.
    trained_by
        Software; None: this.

    Raises
    ------
    StorageError
        If the files cannot be written.
    """
    weights = {key: value.contiguous().cpu() for key, value in network.state_dict().items()}
    header = {
        "kind": kind,
        "config": config.model_dump_json(),
        "details": json.dumps(details),
        "identity": json.dumps(identity.whole if identity else {}),
        "software": json.dumps(software() if trained_by is None else trained_by),
        "learned_from": json.dumps({way: s.to_text() for way, s in (learned_from or {}).items()}),
    }
    save_config(folder, config)
    # Last, as a folder with these is done.
    write_whole(folder / name, sealed(FORMAT, weights, header))


_FOLDERS = {
    "backbone": "the folder of a pretraining",
    "tagger": "the folder of `finetune`, or one of STUDY/trainings",
}


class Saved(NamedTuple):
    """A network as it was saved."""

    kind: str
    """``backbone`` or ``tagger``"""
    weights: dict[str, Tensor]
    config: TrainingConfig
    details: dict[str, Any]
    """What was known of the training; see `save_network`"""
    learned_from: LearnedFrom
    trained_by: Mapping[str, str]
    """Which software, and its versions"""


def load_network(folder: Path, kind: str | None = None) -> Saved:
    """Read a saved network.

    Parameters
    ----------
    folder
        Of the run, or one of its files: `best.safetensors` has the weights of the best validation.
    kind
        Which it must be; None: either.

    Raises
    ------
    InputFileError
        If the folder holds no network of this kind, or a damaged one.
    """
    path = network_file(folder)
    weights, header = _whole(path, kind)
    if kind not in (header["kind"], None):
        raise InputFileError(
            f"{path}: holds a {header['kind']}, expected a {kind}: give {_FOLDERS[str(kind)]}"
        )
    try:
        config = validate_training(json.loads(header["config"]), str(path))
    except ConfigError as error:
        raise InputFileError(
            f"{error}\n{path} was written by another version of rs3l_train, or with a package of"
            f" networks or objectives that is not installed here; install that, or {TRAIN_AGAIN}"
        ) from None
    learned_from = json.loads(header["learned_from"])
    return Saved(
        header["kind"],
        weights,
        config,
        json.loads(header["details"]),
        {way: Sketch.from_text(text) for way, text in learned_from.items()},
        json.loads(header["software"]),
    )


def done_before(folder: Path, identity: Identity, keep_others: bool = False) -> bool:
    """Tell whether a folder holds the network of a training that depended on the same.

    Says in the log why not, if it holds another, and if other software trained it.

    Raises
    ------
    ConfigError
        If it holds another, and these are to be kept.
    """
    if not (folder / WEIGHTS).exists():
        return False
    try:
        _, header = _whole(folder / WEIGHTS)
    except InputFileError as error:
        logger.warning("%s", error)
        return False
    changes = differing(identity.whole, json.loads(header["identity"]), identity.defaults)
    if changes and keep_others:
        raise ConfigError(
            f"{folder}: holds another training, which would be lost: {changes[0]}; give another"
            " --out, or remove it to train again in this one"
        )
    if changes:
        logger.info("%s: trained again: %s", folder, changes[0])
    elif other := differing(software(), json.loads(header["software"])):
        logger.warning(
            "%s: done before, with the same data and settings, but %s; if that matters, train again"
            " with --resume never",
            *(folder, ", ".join(other)),
        )
    else:
        logger.info("%s: done before, with the same data and settings", folder)
    return not changes


def _whole(path: Path, kind: str | None = None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a network's file, and check that its numbers are those that were written."""
    if not path.is_file():
        inside = path.parent / "pretrain"
        hint = f"; did you mean {inside}?" if (inside / WEIGHTS).is_file() else ""
        if kind == "tagger":
            hint = f"; give {_FOLDERS[kind]}"
        raise InputFileError(f"{path}: no such file; {path.parent} holds no trained network{hint}")
    weights, header = read_sealed(path, FORMAT, TRAIN_AGAIN)
    for name, value in weights.items():
        if not value.isfinite().all():
            raise InputFileError(f"{path}: {name} has numbers that are not finite; {TRAIN_AGAIN}")
    return weights, header


def require_same_network(asked: TrainingConfig, saved: TrainingConfig, folder: Path) -> None:
    """Check that a config asks for the network that a folder holds.

    Raises
    ------
    ConfigError
        Naming the first key that differs.
    """
    for block, keys in {
        "data": ("inputs", "constituents"),
        # Networks of other names may have other keys.
        "backbone": ("name", *type(asked.backbone).model_fields),
    }.items():
        for key in keys:
            wanted = getattr(getattr(asked, block), key)
            found = getattr(getattr(saved, block), key)
            if wanted != found:
                raise ConfigError(
                    f"training.{block}.{key}: the config says {wanted!r}, the network in {folder}"
                    f" has {found!r}; use the config it was trained with, {folder / CONFIG}"
                )


def load_weights(network: nn.Module, weights: dict[str, Tensor], source: Path) -> None:
    """Put weights into a network.

    Raises
    ------
    InputFileError
        If they are of another architecture.
    """
    try:
        with torch.no_grad():
            network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputFileError(
            f"{source}: the weights do not fit the network of its config: {error}"
        ) from None
