"""Which jets are signal and background, and which of them have a label to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import Split
from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.reader import Dataset
from rs3l_train.config import TaskConfig

I8 = npt.NDArray[np.int64]

SIGNAL, BACKGROUND, NEITHER = 1, 0, -1


@dataclass(frozen=True, slots=True)
class TaggingTask:
    """Jets of a dataset as a tagging task sees them."""

    target: I8
    """(n_rows,) 1 signal, 0 background, -1 neither"""
    split: I8
    """(n_rows,)"""

    def rows(self, split: Split, target: int, usable: npt.NDArray[np.bool_]) -> I8:
        """Find the usable rows of a class in a split."""
        return np.flatnonzero((self.split == split) & (self.target == target) & usable)


def require_labels(dataset: Dataset, names: tuple[str, ...], key: str) -> None:
    """Check that a dataset knows the labels that a config names.

    Raises
    ------
    ConfigError
        Naming the config's key, the label and the nearest that there is.
    """
    for name in names:
        if name not in dataset.labels:
            raise ConfigError(
                f"training.{key}: the dataset has no label {name!r};"
                f" {nearest(name, list(dataset.labels))}"
            )


def tagging_task(dataset: Dataset, config: TaskConfig) -> TaggingTask:
    """Sort the rows of a dataset into signal, background and neither.

    Raises
    ------
    ConfigError
        If the dataset does not know a label.
    """
    label = dataset.initiators["label"]
    target = np.full(len(dataset), NEITHER, np.int64)
    for value, key, names in (
        (SIGNAL, "signal", config.signal),
        (BACKGROUND, "background", config.background),
    ):
        require_labels(dataset, names, f"task.{key}")
        target[np.isin(label, [dataset.labels.index(name) for name in names])] = value
    return TaggingTask(target, dataset.initiators["split"].astype(np.int64))


def draw_labelled(
    task: TaggingTask, split: Split, usable: npt.NDArray[np.bool_], n: int, seed: list[int]
) -> I8:
    """Draw ``n`` labelled jets, half of them signal; background in its natural mixture.

    The draws of one seed are nested: a smaller one is a part of each larger one.

    Raises
    ------
    InputFileError
        If the split has too few.
    """
    random = np.random.default_rng(seed)
    drawn = []
    for name, target, share in (("signal", SIGNAL, n // 2), ("background", BACKGROUND, n - n // 2)):
        rows = task.rows(split, target, usable)
        if len(rows) < share:
            raise InputFileError(
                f"the {split.name.lower()} split has {len(rows)} {name} jets, but {share} are"
                f" asked for ({n} labels, half of them signal); lower training.task.labels, or"
                " simulate more events"
            )
        drawn.append(random.permutation(rows)[:share])
    return np.concatenate(drawn)


def draw_at_most(
    task: TaggingTask, split: Split, usable: npt.NDArray[np.bool_], n: int | None, seed: list[int]
) -> I8:
    """Draw ``n`` jets of the task, or all there are, in their natural mixture, sorted by row.

    Raises
    ------
    InputFileError
        If signal or background is missing in the split.
    """
    classes = {
        "signal": task.rows(split, SIGNAL, usable),
        "background": task.rows(split, BACKGROUND, usable),
    }
    for name, rows in classes.items():
        if not len(rows):
            raise InputFileError(
                f"the {split.name.lower()} split has no {name} jets; choose other labels in"
                f" training.task.{name}, or simulate more events"
            )
    pool = np.concatenate(list(classes.values()))
    return np.sort(np.random.default_rng(seed).permutation(pool)[:n])
