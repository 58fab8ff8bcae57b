"""Which jets are signal and background, and which of them have a label to learn from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import Split
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8
from rs3l_train.config import TaskConfig
from rs3l_train.config.names import require_labels

logger = logging.getLogger(__name__)

CLASSES = {"signal": 1, "background": 0}
"""The target of each"""
NEITHER = -1
NO_JET = "training.task.%s: the dataset has no jet of label %s"


@dataclass(frozen=True, slots=True)
class TaggingTask:
    """Jets of a dataset as a tagging task sees them."""

    target: I8
    """(n_rows,) 1 signal, 0 background, -1 neither"""
    split: I8
    """(n_rows,)"""
    source: str
    """What error messages call the dataset"""

    def by_class(self, split: Split, usable: npt.NDArray[np.bool_]) -> dict[str, I8]:
        """Find the usable rows of each class in a split."""
        own = (self.split == split) & usable
        return {
            name: np.flatnonzero(own & (self.target == target)) for name, target in CLASSES.items()
        }


def tagging_task(dataset: Dataset, config: TaskConfig) -> TaggingTask:
    """Sort the rows of a dataset into signal, background and neither.

    Raises
    ------
    ConfigError
        If the dataset does not know a label.
    """
    label = dataset.initiators["label"]
    target = np.full(len(dataset), NEITHER, np.int64)
    for key, names in config.classes.items():
        require_labels(dataset.labels, names, f"task.{key}")
        own = [dataset.labels.index(name) for name in names]
        target[np.isin(label, own)] = CLASSES[key]
    return TaggingTask(target, dataset.initiators["split"].astype(np.int64), dataset.source)


def known_part(dataset: Dataset, config: TaskConfig) -> TaskConfig:
    """Leave out the labels of a task that a dataset does not know, with a warning for each.

    Raises
    ------
    ConfigError
        If it knows none of the signal, or of the background.
    """
    known = {
        key: tuple(name for name in names if name in dataset.labels)
        for key, names in config.classes.items()
    }
    for key, names in config.classes.items():
        if not known[key]:
            _require_class(dataset, names, key)
        for name in sorted(set(names) - set(known[key])):
            logger.warning(NO_JET, key, name)
    return config.model_copy(update=known)


def _require_class(dataset: Dataset, names: Sequence[str], key: str) -> None:
    try:
        require_labels(dataset.labels, names, f"task.{key}")
    except ConfigError as error:
        raise ConfigError(
            f"{error}\n`evaluate` takes jets of both classes; of one alone `embed` writes the"
            " scores, from which docs/tagging.md computes what passes a cut"
        ) from None


def warn_of_empty_labels(dataset: Dataset, config: TaskConfig) -> None:
    """Log a warning for each label of a task that the dataset knows but has no jet of."""
    found = {dataset.labels[i] for i in np.unique(dataset.initiators["label"])}
    for key, names in config.classes.items():
        for name in sorted(set(names) & set(dataset.labels) - found):
            logger.warning(NO_JET, key, name)


def draw_labelled(
    task: TaggingTask,
    usable: npt.NDArray[np.bool_],
    n: int,
    seed: list[int],
    balance: Literal["equal", "natural"] = "equal",
) -> I8:
    """Draw ``n`` labelled jets of the train split; inside a class in their natural mixture.

    The draws of one seed are nested: a smaller one is a part of each larger one.

    Parameters
    ----------
    balance
        ``equal``: half of them signal; ``natural``: as many as chance has it.

    Raises
    ------
    InputFileError
        If the split has too few or none, or chance has drawn none of a class.
    """
    _require_split(task, Split.TRAIN)
    random = np.random.default_rng(seed)
    rows = task.by_class(Split.TRAIN, usable)
    if balance == "natural":
        pool = np.concatenate(list(rows.values()))
        _require_enough(task, "signal and background", len(pool), n, f"{n} labels")
        drawn = random.permutation(pool)[:n]
        for name, target in CLASSES.items():
            if not (task.target[drawn] == target).any():
                raise InputFileError(
                    f"{task.source}: none of the {n} labelled jets drawn is {name}: of"
                    f" {len(pool)} in the train split {len(rows[name])} are; set"
                    " training.task.balance: equal, or raise training.task.labels"
                )
        return drawn
    shares = {"signal": n // 2, "background": n - n // 2}
    for name, share in shares.items():
        why = f"{n} labels, half of them signal"
        _require_enough(task, name, len(rows[name]), share, why)
    return np.concatenate(
        [random.permutation(rows[name])[:share] for name, share in shares.items()]
    )


def _require_split(task: TaggingTask, split: Split) -> None:
    """Refuse a part of a dataset, in which more events or other labels would not help."""
    if not (task.split == split).any():
        raise InputFileError(
            f"{task.source}: no jet of the task is in the {split.name.lower()} split, which this"
            " needs; if this is a part of a dataset, as `rs3l-data split` and `select` make, take"
            " the whole one"
        )


def _require_enough(task: TaggingTask, name: str, found: int, asked: int, why: str) -> None:
    if found < asked:
        raise InputFileError(
            f"{task.source}: the train split has {found} {name} jets in the views to train on, but"
            f" {asked} are asked for ({why}); lower training.task.labels (`finetune`: --labels), or"
            " simulate more events"
        )


def draw_at_most(
    task: TaggingTask, split: Split, usable: npt.NDArray[np.bool_], n: int | None, seed: list[int]
) -> I8:
    """Draw ``n`` jets of the task, or all there are, in their natural mixture, sorted by row.

    Raises
    ------
    InputFileError
        If signal or background is missing in the split, or among the jets drawn.
    """
    _require_split(task, split)
    classes = task.by_class(split, usable)
    for name, rows in classes.items():
        if not len(rows):
            raise InputFileError(
                f"{task.source}: the {split.name.lower()} split has no {name} jets; choose other"
                f" labels in training.task.{name}, or simulate more events"
            )
    pool = np.concatenate(list(classes.values()))
    drawn = np.sort(np.random.default_rng(seed).permutation(pool)[:n])
    for name, rows in classes.items():
        if not np.isin(rows, drawn).any():
            raise InputFileError(
                f"{task.source}: none of the {n} {split.name.lower()} jets drawn is {name}: of"
                f" {len(pool)} in the split {len(rows)} are; raise"
                " training.task.validation_labels or training.evaluation.max_jets"
            )
    return drawn
