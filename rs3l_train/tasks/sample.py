"""The jets of a split as pretraining goes through them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from rs3l_train.config import TrainingConfig
from rs3l_train.loop.step import SEED_STEP
from rs3l_train.views.batches import pretraining_batches
from rs3l_train.views.memory import Selection
from rs3l_train.views.positives import Positives
from rs3l_train.views.source import ViewSource


@dataclass(frozen=True, slots=True)
class Sample:
    """Jets of one split, in batches."""

    jets: ViewSource
    rows: Tensor
    """(n,) those that bring enough views"""
    positives: Positives
    config: TrainingConfig

    @property
    def views(self) -> int:
        """Entries of all batches of an epoch, if none is left out."""
        return int(self.positives.entries(self.jets.present, self.rows).sum())

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return max(1, len(self.rows) // self.config.pretrain.jets_per_batch)

    @property
    def views_per_step(self) -> float:
        """Entries of a batch, on average."""
        used = min(1.0, self.steps * self.config.pretrain.jets_per_batch / len(self.rows))
        return self.views * used / self.steps

    def epoch(self, number: int) -> Iterator[Selection]:
        """Give the batches of an epoch, the same ones each time that it is asked for."""
        generator = torch.Generator().manual_seed(self.config.seed + SEED_STEP * number)
        return pretraining_batches(
            self.jets,
            self.rows,
            self.config.pretrain.jets_per_batch,
            self.positives,
            generator,
        )

    def generator(self) -> torch.Generator:
        """Start the random numbers of orientations, augmentations and masks anew."""
        return torch.Generator(self.jets.device).manual_seed(self.config.seed)
