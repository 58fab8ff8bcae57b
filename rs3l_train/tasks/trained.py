"""Taggers that are kept when they are done, and taken again where they would be trained alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.errors import ConfigError
from rs3l_data.store.sketch import Sketch
from rs3l_train.config import NetworkMode, Resume, TrainingConfig
from rs3l_train.loop.interrupts import noticed
from rs3l_train.loop.logs import MetricsLog
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.loop.saved_network import Saved, done_before, save_network
from rs3l_train.loop.training_state import Checkpoints
from rs3l_train.tasks.bench import Bench
from rs3l_train.tasks.identity import tagger_identity
from rs3l_train.tasks.model import load_tagger
from rs3l_train.tasks.overlap import LABELS, hard_events
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.tasks.train_tagger import train_tagger


@dataclass(frozen=True, slots=True)
class Trainings:
    """Trainings of taggers on one bench, each with a folder of its own.

    Parameters
    ----------
    pretrained
        The backbone; None: from scratch alone.
    resume
        ``auto``: take a tagger that is done, go on with a training that was stopped, if all that
        they depend on is the same; ``must``: go on with a training that was stopped, with changed
        settings too; ``never``: start anew.
    processes
        Those that share each training; only the first writes.
    """

    bench: Bench
    pretrained: Saved | None
    resume: Resume = "auto"
    processes: Processes = ALONE

    def begins_with(self, mode: NetworkMode) -> Saved | None:
        """Give the pretrained network that a way of training begins with; None: from scratch."""
        return None if mode == "scratch" else self.pretrained

    def tagger(
        self, mode: NetworkMode, n_labels: int, draw: int, folder: Path
    ) -> tuple[Tagger, dict[str, Any]]:
        """Take a training that is done, or do it and keep it; see `train_tagger`."""
        config, writes = self.bench.config, self.processes.first
        begun_with = self.begins_with(mode)
        weights = None if begun_with is None else begun_with.weights
        identity = tagger_identity(self.bench, mode, n_labels, draw, weights)
        self.processes.require_same(identity.whole)
        keep = partial(save_network, folder, kind="tagger", config=config, identity=identity)
        done = self.resume == "auto" and done_before(folder, identity)
        self.processes.require_same({"whether --out holds it done": done})
        checkpoints = Checkpoints(folder, identity, config.loop, self.resume, self.processes)
        if done:
            checkpoints.remove()  # There if it was killed when all else was done.
            tagger, saved = load_tagger(folder)
            if writes and saved.config != config:
                # What it is to be tested with, say, has changed.
                keep(
                    tagger,
                    details=saved.details,
                    learned_from=saved.learned_from,
                    trained_by=saved.trained_by,
                )
            return tagger.to(self.bench.jets.device), saved.details
        # Before one of them takes away what the others look for.
        self.processes.require_same({"whether --out holds a part of it": checkpoints.goes_on})
        _note_score(checkpoints, config)
        log = MetricsLog(folder, config.loop.tensorboard) if writes else None
        if mode == "probe":
            checkpoints.restore(None)
        with noticed():
            tagger, details = train_tagger(
                self.bench,
                mode,
                n_labels,
                draw,
                weights,
                log=log,
                checkpoints=checkpoints,
                processes=self.processes,
            )
            details = {
                "mode": mode,
                "labels": n_labels,
                "draw": draw,
                "training_views": list(self.bench.trained_on),
                "pretraining_views": [] if begun_with is None else [*begun_with.details["views"]],
                **details,
            }
            if writes:
                learned_from = {} if begun_with is None else begun_with.learned_from
                own = {LABELS: self._labelled_events(n_labels, draw)}
                keep(tagger, details=details, learned_from={**learned_from, **own})
            checkpoints.remove()
        return tagger, details

    def kept(self, folder: Path) -> tuple[Tagger, dict[str, Any]]:
        """Read a training that is done."""
        tagger, saved = load_tagger(folder)
        return tagger.to(self.bench.jets.device), saved.details

    def _labelled_events(self, n_labels: int, draw: int) -> Sketch:
        """Note the hard events of the jets that have a label, to train or to validate on."""
        bench = self.bench
        rows = [bench.labelled_rows[n_labels, draw], bench.validation.rows.cpu().numpy()]
        return hard_events(bench.dataset, np.unique(np.concatenate(rows)))


def _note_score(checkpoints: Checkpoints, config: TrainingConfig) -> None:
    """Keep in mind by what the best weights are chosen: with `decorrelate` not by the AUC.

    Raises
    ------
    ConfigError
        If those so far were chosen by something else: no others might ever seem better.
    """
    score = config.finetune.model_dump_json(include={"decorrelate"})
    if checkpoints.noted("score") not in (score, None):
        raise ConfigError(
            f"{checkpoints.path}: cannot go on from it with another training.finetune.decorrelate,"
            " by which the best weights are chosen; start anew with --resume never"
        )
    checkpoints.notes["score"] = score
