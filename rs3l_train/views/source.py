"""What pretraining asks of jets, be they in memory or on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from rs3l_train.views.memory import Batch, JetViews, Selection


class ViewSource(Protocol):
    """The V views of N jets: `memory.JetViews`, or `stream.StreamedViews`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the views."""

    @property
    def present(self) -> Tensor:
        """(V, N) bool."""

    @property
    def device(self) -> torch.device:
        """Where batches are."""

    def shuffled(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Put rows, which rise, in the random order in which an epoch goes through them."""

    def arranged(self, rows: Tensor) -> Tensor:
        """Put the rows of a batch, on the CPU, so that each process's lie side by side."""

    def edges(self, batch: Selection, parts: int) -> Sequence[int]:
        """Cut a batch of arranged rows: where its parts begin and end, ``parts + 1`` places.

        No part is empty, if there are as many entries as parts.
        """

    def gather(self, selection: Selection) -> Batch:
        """Pad the constituents of a selection of present views to (n, P)."""

    def begin(self, batch: Selection) -> None:
        """Say of which batch the selections that follow are parts, maybe several times over."""

    def in_memory(self, rows: Tensor) -> tuple[JetViews, Tensor]:
        """Give jets in memory, and where among them the given rows are."""
