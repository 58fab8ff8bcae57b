"""The state of an unfinished training in one file, from which it goes on bit for bit.

``checkpoint.safetensors`` holds the tensors (weights, best weights, optimiser) and, as JSON in its
header, the rest (position in the epoch, history, settings): nothing in it is executed when it is
read, and as one file it appears whole or not at all. Random numbers need no state: those of a step
follow from the seed and the step's number.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.atomic import write_whole
from rs3l_train.config import LoopConfig, Resume
from rs3l_train.loop.best import BestWeights
from rs3l_train.loop.folder import CHECKPOINT, WEIGHTS, forget
from rs3l_train.loop.history import History
from rs3l_train.loop.identity import Identity, differing, software
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.loop.sealed import read_header, read_sealed, sealed

logger = logging.getLogger(__name__)

FORMAT = "rs3l-training-4"
START_ANEW = "start anew with --resume never"


@dataclass(frozen=True, slots=True)
class TrainingState:
    """All that a step changes."""

    model: nn.Module
    optimiser: torch.optim.Optimizer
    best: BestWeights
    history: History

    def tensors(self) -> dict[str, Tensor]:
        """Name every tensor of the state."""
        named = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        named |= {f"best.{name}": value for name, value in self.best.weights.items()}
        for number, values in self.optimiser.state_dict()["state"].items():
            named |= {f"optimiser.{number}.{name}": value for name, value in values.items()}
        return {name: value.detach().contiguous().cpu() for name, value in named.items()}

    def load(self, tensors: Mapping[str, Tensor], history: Mapping[str, Any]) -> None:
        """Take over tensors and history.

        Raises
        ------
        RuntimeError, KeyError
            If they are those of another network or optimiser.
        """
        device = next(self.model.parameters()).device
        self.model.load_state_dict(_below("model.", tensors))
        self.best.weights = {k: v.to(device) for k, v in _below("best.", tensors).items()}
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _below("optimiser.", tensors).items():
            number, _, key = name.partition(".")
            state.setdefault(int(number), {})[key] = value
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})
        for name, value in history.items():
            setattr(self.history, name, value)


class Checkpoints:
    """The checkpoint of one run: when it is due, saved, taken up again, and taken away.

    Parameters
    ----------
    folder
        Of the run.
    identity
        What a run must share with a checkpoint to continue it: ``fixed`` always, ``settings``
        unless the user insists (``must``).
    loop
        Says when a checkpoint is due.
    resume
        ``auto``: go on from a checkpoint of the very same run, else start anew; ``must``: go on,
        with changed ``settings`` too; ``never``: start anew.
    processes
        The first writes; all of them read.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        loop: LoopConfig,
        resume: Resume = "auto",
        processes: Processes = ALONE,
    ) -> None:
        self.path = folder / CHECKPOINT
        self._identity = identity
        self._resume = resume
        self._every_views, self._every_seconds = loop.checkpoint_views, loop.checkpoint_seconds
        self._writes = processes.first
        self._last_views, self._last_time = 0, time.monotonic()
        self._changes: list[str] = []
        self.notes: dict[str, str] = {}
        """What else a checkpoint says, to be read with `noted` when the training goes on"""

    @cached_property
    def goes_on(self) -> bool:
        """Whether there is a checkpoint, and ``resume`` allows to go on from it.

        Raises
        ------
        InputFileError
            If there must be one and is not, or it is not whole.
        ConfigError
            If it must be used and is of another network or dataset; names the first key.
        """
        if self._resume == "never":
            return False
        if not self.path.exists():
            if self._resume == "must":
                raise InputFileError(
                    f"{self.path}: no such file, so there is no unfinished training to go on"
                    f" with; {self._instead()}"
                )
            return False
        header = self._header()
        asked = self._identity
        fixed = differing(asked.fixed, json.loads(header["fixed"]), asked.defaults)
        settings = differing(asked.settings, json.loads(header["settings"]), asked.defaults)
        if self._resume == "auto" and (fixed or settings):
            logger.warning(
                "%s is of another training, so this one starts anew: %s",
                self.path,
                (fixed + settings)[0],
            )
            return False
        if fixed:
            raise ConfigError(f"{self.path}: cannot go on from it: {fixed[0]}")
        other = differing(software(), json.loads(header["software"]))
        for changes, of_what in ((settings, "settings"), (other, "software")):
            for change in changes:
                logger.warning("going on with changed %s: %s", of_what, change)
        self._changes = settings + other
        return True

    def _instead(self) -> str:
        """Say what to do where there is nothing to go on with."""
        if (self.path.parent / WEIGHTS).exists():
            return (
                "the one in this folder is finished: --resume auto takes it as it is if data and"
                " settings are the same, --resume never trains again"
            )
        return "--resume auto starts one"

    def noted(self, name: str) -> str | None:
        """Look up a note of the checkpoint that the training goes on from; None without one."""
        if not self.goes_on:
            return None
        notes: dict[str, str] = json.loads(self._header()["notes"])
        return notes.get(name)

    def restore(self, state: TrainingState | None) -> None:
        """Go on from the folder's checkpoint, if `goes_on`.

        From then on the folder holds this training, and no results of another.

        Parameters
        ----------
        state
            None, for a training without steps: it must find no checkpoint of its own.

        Raises
        ------
        InputFileError, ConfigError
            As `goes_on` does.
        """
        if self.goes_on and state is not None:
            self._load(state)
        if self._writes:
            forget(self.path.parent, went_on=self.goes_on)

    def _load(self, state: TrainingState) -> None:
        tensors, header = read_sealed(self.path, FORMAT, START_ANEW)
        history = json.loads(header["history"])
        if json.loads(header["notes"]).get("score") not in (self.notes.get("score"), None):
            # It was of another loss, which none from now on might ever beat.
            history["best_score"] = -math.inf
        try:
            state.load(tensors, history)
        except (RuntimeError, KeyError, ValueError) as error:
            raise InputFileError(
                f"{self.path}: does not fit this network: {error}; {START_ANEW}"
            ) from None
        views = state.history.views
        state.history.changes += [f"after {views} views: {change}" for change in self._changes]
        self._last_views = views
        logger.info("going on after %d views from %s", views, self.path)

    def due(self, views: int, written: bool = False) -> bool:
        """Tell whether to save after so many views.

        Parameters
        ----------
        written
            Whether the weights of the best validation have just been written: a training that goes
            on, with other settings maybe, must not begin before that validation.
        """
        if self._every_views is None and self._every_seconds is None:
            return False
        after_views = written or (
            self._every_views is not None and views - self._last_views >= self._every_views
        )
        waited = time.monotonic() - self._last_time
        return after_views or (self._every_seconds is not None and waited >= self._every_seconds)

    def save(self, state: TrainingState) -> None:
        """Put the state in the place of the last one.

        Raises
        ------
        StorageError
            If it cannot be written; the last one is still there then.
        """
        self._last_views = state.history.views
        if self._writes:
            header = {
                "fixed": json.dumps(self._identity.fixed),
                "settings": json.dumps(self._identity.settings),
                "history": json.dumps(asdict(state.history)),
                "notes": json.dumps(self.notes),
                "software": json.dumps(software()),
            }
            write_whole(self.path, sealed(FORMAT, state.tensors(), header))
        self._last_time = time.monotonic()

    def remove(self) -> None:
        """Take the checkpoint of a finished run away."""
        if self._writes:
            self.path.unlink(missing_ok=True)

    def _header(self) -> dict[str, str]:
        return read_header(self.path, FORMAT, START_ANEW)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
