"""A tagging task ready to train and test on: its jets in memory, and their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rs3l_data.describe.schema import Split
from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig
from rs3l_train.evaluation.tagging import reference_view
from rs3l_train.tasks.labels import (
    TaggingTask,
    draw_at_most,
    draw_labelled,
    tagging_task,
    warn_of_empty_labels,
)
from rs3l_train.views.batches import all_views, one_view
from rs3l_train.views.loading import readable
from rs3l_train.views.memory import JetViews, Selection, chosen_views, load

OUT_OF_MEMORY = (
    "Lower training.data.constituents, training.finetune.views_per_batch or the size of"
    " training.backbone; or take fewer views or jets out of the dataset with `rs3l-data select`"
)
"""What to change when the jets of a task or a batch of them do not fit"""


@dataclass(frozen=True)
class Bench:
    """The jets of a tagging task, and which of them train, validate and test."""

    config: TrainingConfig
    dataset: Dataset
    """The rows of signal and background"""
    jets: JetViews
    """In all views of the dataset"""
    training_present: Tensor
    """(V, N) bool: `jets.present` in the views to train on, False in the others"""
    task: TaggingTask
    target: Tensor
    """(N,) 1 signal, 0 background"""
    softdrop_mass: Tensor
    """(V, N) float32 [GeV], NaN where not defined"""
    validation: Selection
    test: np.ndarray[Any, np.dtype[np.int64]]
    """Rows of the test split"""

    @property
    def reference(self) -> str:
        """The view that decides on early stopping, and that others are compared with."""
        return reference_view(self.jets.names)

    @property
    def signal_share(self) -> float | None:
        """Part of signal among the labelled jets; None: as in the dataset."""
        return 0.5 if self.config.task.balance == "equal" else None

    def labelled(self, n: int, draw: int) -> Selection:
        """Draw ``n`` labelled jets, each with all its training views."""
        usable = self.training_present.any(0).cpu().numpy()
        seed = [self.config.seed, draw]
        balance = self.config.task.balance
        rows = draw_labelled(self.task, Split.TRAIN, usable, n, seed, balance)
        return all_views(self.training_present, torch.from_numpy(rows).to(self.jets.device))


def set_bench(dataset: Dataset, config: TrainingConfig, device: torch.device) -> Bench:
    """Load the jets of the config's task.

    Raises
    ------
    ConfigError
        If the dataset has not the views or labels asked for.
    InputFileError
        If a class is empty where it is needed.
    """
    trained_on = chosen_views(dataset, config.data)
    task = tagging_task(dataset, config.task)
    warn_of_empty_labels(dataset, config.task)
    dataset = dataset[task.target >= 0]
    if config.data.corrupt == "skip":
        dataset = readable(dataset, dataset.views)
    task = tagging_task(dataset, config.task)
    jets = load(dataset, tuple(dataset.views), config.data.constituents, device)
    in_training = torch.tensor([name in trained_on for name in jets.names], device=device)
    reference = jets.index(reference_view(jets.names))
    in_reference = jets.present[reference].cpu().numpy()
    validation = draw_at_most(
        task, Split.VALIDATION, in_reference, config.task.validation_labels, [config.seed]
    )
    somewhere = jets.present.any(0).cpu().numpy()
    test = draw_at_most(task, Split.TEST, somewhere, config.evaluation.max_jets, [config.seed])
    rows = torch.from_numpy(validation).to(device)
    masses = [dataset.jets(view, ["softdrop_mass"])["softdrop_mass"] for view in jets.names]
    return Bench(
        config,
        dataset,
        jets,
        jets.present & in_training[:, None],
        task,
        torch.from_numpy(task.target).to(device),
        torch.from_numpy(np.stack(masses).astype(np.float32)).to(device),
        one_view(jets.present, rows, reference),
        test,
    )
