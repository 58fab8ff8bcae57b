"""A tagging task ready to train and test on: its jets in memory, and their targets."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rs3l_data.errors import ConfigError
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8
from rs3l_train.backbones import backbone_of
from rs3l_train.config import TrainingConfig
from rs3l_train.config.names import chosen_views
from rs3l_train.evaluation.kinds import Names, kinds_of
from rs3l_train.tasks.draws import Draw, Draws, all_draws, draw_jets, draw_test_jets
from rs3l_train.tasks.labels import known_part, tagging_task, warn_of_empty_labels
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.views.batches import all_views, one_view
from rs3l_train.views.choice import NOMINAL, reference_view
from rs3l_train.views.loading import warn_of_unknown_errors
from rs3l_train.views.memory import JetViews, Selection, load

logger = logging.getLogger(__name__)

OUT_OF_MEMORY = (
    "Raise training.finetune.parts; or lower training.data.constituents, training.task.labels or"
    " validation_labels, training.finetune.views_per_batch, training.evaluation.max_jets or the"
    " size of training.backbone; or take fewer views out of the dataset with `rs3l-data select`"
)
"""What to change when the jets of a task or a batch of them do not fit"""


@dataclass(frozen=True)
class Bench:
    """The jets of a tagging task, and which of them train, validate and test."""

    config: TrainingConfig
    dataset: Dataset
    """The rows of these jets"""
    jets: JetViews
    """In all views of the dataset"""
    trained_on: tuple[str, ...]
    """The views to train on"""
    training_present: Tensor
    """(V, N) bool: `jets.present` in the views to train on, False in the others"""
    target: Tensor
    """(N,) 1 signal, 0 background"""
    softdrop_mass: Tensor
    """(V, N) float32 [GeV], NaN where not defined"""
    splitting: npt.NDArray[np.uint8]
    """(V, N) the column `gluon_splitting`, 0 where the files do not have it"""
    labelled_rows: Mapping[Draw, I8]
    validation: Selection
    test: I8
    """Rows of the test split"""
    drawn_from: dict[str, dict[str, int]]
    """How many jets the dataset has: by split and class, those of the nominal view"""

    @property
    def reference(self) -> str:
        """The view that others are compared with."""
        return reference_view(self.jets.names)

    @property
    def signal_share(self) -> float | None:
        """Part of signal among the labelled jets; None: as in the dataset."""
        return 0.5 if self.config.task.balance == "equal" else None

    def kinds(self, view: str, rows: I8) -> Names:
        """Name the kinds of jets in a view, see `kinds_of`."""
        labels = np.array(self.dataset.labels)[self.dataset.initiators["label"][rows]]
        return kinds_of(labels, self.splitting[self.jets.index(view), rows])

    def labelled(self, n: int, draw: int) -> Selection:
        """Give the ``n`` labelled jets of a draw, each with all its training views."""
        rows = torch.from_numpy(self.labelled_rows[n, draw]).to(self.jets.device)
        return all_views(self.training_present, rows)


def set_bench(
    dataset: Dataset,
    config: TrainingConfig,
    device: torch.device,
    draws: Iterable[Draw] | None = None,
) -> Bench:
    """Load the jets of the config's task: those drawn, however many more the dataset has.

    Parameters
    ----------
    draws
        The labelled jets to train on; None: all that a study wants.

    Raises
    ------
    ConfigError
        If the dataset has not the views, labels or masses asked for.
    InputFileError
        If a class is empty where it is needed, or has too few jets.
    """
    trained_on = chosen_views(dataset.views, config.data)
    dataset = _of_task(dataset, config)
    _require_masses(dataset, config)
    drawn = draw_jets(dataset, config, all_draws(config) if draws is None else draws)
    return _loaded(dataset, config, device, drawn, trained_on)


def set_test_bench(
    dataset: Dataset, config: TrainingConfig, device: torch.device, trained_on: Sequence[str]
) -> Bench:
    """Load the test jets alone, in whatever views there are; see `set_bench`.

    Labels of the task that the dataset does not know are left out; see `known_part`.

    Parameters
    ----------
    trained_on
        The views that the tagger was trained on, be they in this dataset or not.
    """
    config = config.model_copy(update={"task": known_part(dataset, config.task)})
    dataset = _of_task(dataset, config)
    if NOMINAL not in dataset.views:
        logger.warning(
            "%s has no view '%s': the others are compared with %r",
            *(dataset.source, NOMINAL, reference_view(dataset.views)),
        )
    return _loaded(dataset, config, device, draw_test_jets(dataset, config), trained_on)


def require_task(dataset: Dataset, config: TrainingConfig) -> None:
    """Check that a study could begin, before hours of pretraining for it.

    Raises
    ------
    ConfigError, InputFileError
        As `set_bench` does, or if more of the last layers are to be trained than there are.
    """
    require_layers(config)
    dataset = _of_task(dataset, config)
    _require_masses(dataset, config)
    draw_jets(dataset, config, all_draws(config))


def require_layers(config: TrainingConfig) -> None:
    """Check that the network has the last layers that a study is to train.

    Raises
    ------
    ConfigError
        If it has fewer.
    """
    if "last_layers" in config.task.modes:
        Tagger(backbone_of(config)).freeze_all_but_last(config.finetune.last_layers)


def task_summary(bench: Bench) -> dict[str, Any]:
    """Describe the task: classes, views, and how many jets there are."""
    config = bench.config
    return {
        "signal": list(config.task.signal),
        "background": list(config.task.background),
        "balance": config.task.balance,
        "training_views": list(bench.trained_on),
        "test_views": list(bench.jets.names),
        "nominal_view": bench.reference,
        "jets": bench.drawn_from,
        "validation_jets": len(bench.validation),
        "test_jets": len(bench.test),
        "weighted": False,
    }


def _of_task(dataset: Dataset, config: TrainingConfig) -> Dataset:
    warn_of_empty_labels(dataset, config.task)
    return dataset[tagging_task(dataset, config.task).target >= 0]


def _require_masses(dataset: Dataset, config: TrainingConfig) -> None:
    """Check that there are masses to decorrelate from: of none the penalty is 0, without a word."""
    decorrelate = config.finetune.decorrelate
    if decorrelate is None:
        return
    name = decorrelate.variable
    if not any(np.isfinite(dataset.jets(view, [name])[name]).any() for view in dataset.views):
        raise ConfigError(
            f"training.finetune.decorrelate.variable: {name!r}, which no jet of {dataset.source}"
            " has; use 'mass', or set training.finetune.decorrelate: null"
        )


def _loaded(
    dataset: Dataset,
    config: TrainingConfig,
    device: torch.device,
    drawn: Draws,
    trained_on: Sequence[str],
) -> Bench:
    warn_of_unknown_errors(dataset, config.data)
    rows = drawn.rows
    dataset = dataset.take(rows)
    jets = load(dataset, tuple(dataset.views), config.data.constituents, device)
    in_training = torch.tensor([name in trained_on for name in jets.names], device=device)
    validation = torch.from_numpy(np.searchsorted(rows, drawn.validation)).to(device)
    validated = reference_view([name for name in trained_on if name in jets.names] or jets.names)
    masses, splitting = [], []
    for view in jets.names:
        # All columns, for files may lack one; of one view at a time, for they take memory.
        table = dataset.jets(view)
        masses.append(table["softdrop_mass"])
        splitting.append(table.get("gluon_splitting", np.zeros(len(rows), np.uint8)))
    return Bench(
        config=config,
        dataset=dataset,
        jets=jets,
        trained_on=tuple(trained_on),
        training_present=jets.present & in_training[:, None],
        target=torch.from_numpy(tagging_task(dataset, config.task).target).to(device),
        softdrop_mass=torch.from_numpy(np.stack(masses).astype(np.float32)).to(device),
        splitting=np.stack(splitting),
        labelled_rows={draw: np.searchsorted(rows, own) for draw, own in drawn.labelled.items()},
        validation=one_view(jets.present, validation, jets.index(validated)),
        test=np.searchsorted(rows, drawn.test),
        drawn_from=drawn.jets,
    )
