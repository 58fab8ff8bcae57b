"""Which jets of a tagging task train, validate and test: drawn before any of them is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import Split
from rs3l_data.errors import InputFileError
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8
from rs3l_train.config import TrainingConfig
from rs3l_train.config.names import chosen_views
from rs3l_train.tasks.labels import (
    CLASSES,
    TaggingTask,
    draw_at_most,
    draw_labelled,
    tagging_task,
)
from rs3l_train.views.choice import reference_view

Present = Mapping[str, npt.NDArray[np.bool_]]
"""By view, (n_rows,) which jets it has"""

Draw = tuple[int, int]
"""How many labelled jets, and which draw of them"""


@dataclass(frozen=True, slots=True)
class Draws:
    """Rows of a dataset of signal and background."""

    labelled: dict[Draw, I8]
    validation: I8
    test: I8
    jets: dict[str, dict[str, int]]
    """How many there are to draw from: by split and class, those of the nominal view"""

    @property
    def rows(self) -> I8:
        """All of them, rising."""
        return np.unique(np.concatenate([*self.labelled.values(), self.validation, self.test]))


def all_draws(config: TrainingConfig) -> list[Draw]:
    """List the draws of a study."""
    return list(product(config.task.labels, range(config.task.seeds)))


def draw_jets(dataset: Dataset, config: TrainingConfig, draws: Iterable[Draw]) -> Draws:
    """Draw the jets of a task.

    Parameters
    ----------
    dataset
        Its rows are signal or background.

    Raises
    ------
    ConfigError
        If the dataset has not the views or labels asked for.
    InputFileError
        If a class is empty where it is needed, in a view to test on as well, or has too few jets.
    """
    task = tagging_task(dataset, config.task)
    trained_on = chosen_views(dataset.views, config.data)
    present = _present(dataset)
    in_training = np.any([present[view] for view in trained_on], axis=0)
    # A held-out view must not choose the weights, be it the nominal one.
    validated = present[reference_view(trained_on)]
    settings, seed = config.task, config.seed
    return Draws(
        labelled={
            (n, draw): draw_labelled(task, in_training, n, [seed, draw], settings.balance)
            for n, draw in draws
        },
        validation=draw_at_most(
            task, Split.VALIDATION, validated, settings.validation_labels, [seed]
        ),
        test=_draw_test(dataset, config, task, present),
        jets=_counts(task, present[reference_view(dataset.views)]),
    )


def draw_test_jets(dataset: Dataset, config: TrainingConfig) -> Draws:
    """Draw the test jets of a task alone; see `draw_jets`."""
    task = tagging_task(dataset, config.task)
    present = _present(dataset)
    return Draws(
        labelled={},
        validation=np.empty(0, np.int64),
        test=_draw_test(dataset, config, task, present),
        jets=_counts(task, present[reference_view(dataset.views)]),
    )


def _present(dataset: Dataset) -> Present:
    return {view: dataset.jets(view, ["present"])["present"] for view in dataset.views}


def _draw_test(dataset: Dataset, config: TrainingConfig, task: TaggingTask, present: Present) -> I8:
    somewhere = np.any(list(present.values()), axis=0)
    limit = config.evaluation.max_jets
    drawn = draw_at_most(task, Split.TEST, somewhere, limit, [config.seed])
    drawing_more = "" if limit is None else "raise training.evaluation.max_jets, "
    for view, own in present.items():
        targets = task.target[drawn[own[drawn]]]
        for name, target in CLASSES.items():
            if target not in targets:
                raise InputFileError(
                    f"{dataset.source}: no {name} jet of the test split is present in the view"
                    f" {view}; {drawing_more}simulate more events, or take the view out of the"
                    " dataset with `rs3l-data select`"
                )
    return drawn


def _counts(task: TaggingTask, present: npt.NDArray[np.bool_]) -> dict[str, dict[str, int]]:
    return {
        split.name.lower(): {
            name: len(rows) for name, rows in task.by_class(split, present).items()
        }
        for split in Split
    }
