"""A trained network read back from its folder, whether it is a backbone or a tagger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from rs3l_data.errors import ConfigError
from rs3l_data.store.checksums import checksum
from rs3l_train.backbones import Backbone, backbone_of
from rs3l_train.config import TrainingConfig
from rs3l_train.loop.folder import network_file
from rs3l_train.loop.saved_network import (
    Saved,
    load_network,
    load_weights,
    require_same_network,
)
from rs3l_train.tasks.tagger import Tagger


@dataclass(frozen=True)
class Model:
    """A trained network and what it was trained with."""

    backbone: Backbone
    tagger: Tagger | None
    """None where the folder holds a backbone alone"""
    config: TrainingConfig
    provenance: dict[str, Any]
    """`kind`, `weights_sha256`, `config` and `details`, for JSON"""

    @property
    def network(self) -> nn.Module:
        """The tagger if there is one, else the backbone."""
        return self.tagger or self.backbone


def load_tagger(folder: Path) -> tuple[Tagger, Saved]:
    """Read a tagger onto the CPU, with all that was saved of it.

    Raises
    ------
    InputFileError
        If the folder holds none.
    """
    saved = load_network(folder, "tagger")
    tagger = Tagger(backbone_of(saved.config))
    load_weights(tagger, saved.weights, folder)
    return tagger, saved


def open_model(folder: Path | str) -> Model:
    """Read the network of a folder that a training left, or one of its files, onto the CPU.

    Raises
    ------
    InputFileError
        If the folder holds none.
    """
    folder = Path(folder)
    saved = load_network(folder)
    backbone = backbone_of(saved.config)
    tagger = Tagger(backbone) if saved.kind == "tagger" else None
    load_weights(tagger or backbone, saved.weights, folder)
    (tagger or backbone).eval()
    provenance = {
        "kind": saved.kind,
        "weights_sha256": checksum(network_file(folder), "sha256"),
        "config": saved.config.model_dump(mode="json"),
        "details": saved.details,
    }
    return Model(backbone, tagger, saved.config, provenance)


def load_pretrained(folder: Path, config: TrainingConfig) -> Saved:
    """Read a pretrained backbone that is the one a config describes.

    Raises
    ------
    InputFileError
        If the folder holds none.
    ConfigError
        If it is of another architecture, naming the key, or has seen a view that is held out.
    """
    saved = load_network(folder, "backbone")
    require_same_network(config, saved.config, folder)
    for view in config.data.hold_out:
        if view in saved.details["views"]:
            raise ConfigError(
                f"training.data.hold_out: {view!r} is one of the views that the network in {folder}"
                " was pretrained on; pretrain without it, or do not call it held out"
            )
    load_weights(backbone_of(config), saved.weights, folder)
    return saved
