"""The trainings of a study, each kept when it is done, so that a stopped study goes on."""

from __future__ import annotations

import hashlib
import json
import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import Tensor

from rs3l_data.errors import InputFileError
from rs3l_train.backbones import build
from rs3l_train.config import NetworkMode
from rs3l_train.loop.checkpoint import WEIGHTS, load_network, load_weights, save_network
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.finetune import train_tagger
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.views.inputs import N_INPUTS

logger = logging.getLogger(__name__)

# What a single training does not depend on.
_OF_THE_STUDY: dict[str, bool | set[str]] = {
    "device": True,
    "threads": True,
    "pretrain": True,
    "task": {"labels", "seeds", "modes"},
    "evaluation": {"efficiencies", "max_jets", "signal_mass", "mass_window"},
}


class Trainings:
    """The trainings of one study.

    Parameters
    ----------
    folder
        In which each gets a folder of its own, which holds a tagger as `finetune` writes it.
    pretrained
        Weights of the backbone.
    """

    def __init__(self, bench: Bench, pretrained: dict[str, Tensor], folder: Path):
        self._bench, self._pretrained, self._folder = bench, pretrained, folder
        self._made_from = _made_from(bench, pretrained)

    def tagger(self, mode: NetworkMode, n_labels: int, draw: int) -> tuple[Tagger, dict[str, Any]]:
        """Take a training that is done, or do it and keep it; see `train_tagger`."""
        folder = self._folder / f"{mode}_{n_labels}_{draw}"
        kept = self._kept(folder)
        if kept is not None:
            logger.info("%s: done before, with the same data and settings", folder)
            return kept
        tagger, details = train_tagger(self._bench, mode, n_labels, draw, self._pretrained)
        own = {"mode": mode, "labels": n_labels, "seed": draw, **details}
        config = self._bench.config
        save_network(folder, tagger, "tagger", config, {**own, "made_from": self._made_from})
        return tagger, details

    def _kept(self, folder: Path) -> tuple[Tagger, dict[str, Any]] | None:
        if not (folder / WEIGHTS).exists():
            return None
        try:
            weights, _, details = load_network(folder, "tagger")
        except InputFileError as error:
            logger.warning("%s; trained again", error)
            return None
        if details.pop("made_from", None) != self._made_from:
            return None
        config = self._bench.config
        backbone = build(config.backbone, N_INPUTS[config.data.inputs])
        tagger = Tagger(backbone, config.backbone.output[-1])
        load_weights(tagger, weights, folder)
        own = ("mode", "labels", "seed")
        details = {key: value for key, value in details.items() if key not in own}
        return tagger.to(self._bench.jets.device), details


def _made_from(bench: Bench, pretrained: dict[str, Tensor]) -> str:
    """Hash what the trainings of a study depend on: settings, jets, pretrained weights, version."""
    settings = bench.config.model_dump(mode="json", exclude=_OF_THE_STUDY)
    found = hashlib.sha256(json.dumps([version("rs3l"), settings, bench.jets.names]).encode())
    content = [bench.target, bench.softdrop_mass, bench.training_present, *pretrained.values()]
    for tensor in (*content, bench.validation.views, bench.validation.rows):
        found.update(tensor.contiguous().cpu().numpy().tobytes())
    return found.hexdigest()
