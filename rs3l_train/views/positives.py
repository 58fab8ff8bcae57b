"""Which views of a jet stand beside one another in a batch."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from torch import Tensor

from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig
from rs3l_train.config.drawing import chosen_drawing

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Positives:
    """The choice of a jet's views for a batch."""

    weights: Tensor
    """(V,) relative frequency with which a view is drawn; a view of weight 0 never is"""
    views_per_jet: int | None
    """How many of its present views a jet brings; None: all"""
    copies: int
    """How often each of them is in the batch, every time with other augmentations"""

    def usable(self, present: Tensor) -> Tensor:
        """Mark the views (V, N) that may be drawn among those present."""
        return present & (self.weights.to(present.device) > 0)[:, None]

    def entries(self, present: Tensor, rows: Tensor) -> Tensor:
        """Count the entries (n,) that jets bring to a batch."""
        n = self.usable(present)[:, rows].sum(0)
        return (n if self.views_per_jet is None else n.clamp(max=self.views_per_jet)) * self.copies

    def rows(self, present: Tensor, rows: Tensor, pairs: bool) -> Tensor:
        """Keep the rows that bring something; with ``pairs``, two entries at least."""
        return rows[self.entries(present, rows) >= (2 if pairs else 1)]


def chosen_positives(dataset: Dataset, views: tuple[str, ...], config: TrainingConfig) -> Positives:
    """Resolve the config's choice for the views that a dataset is loaded with.

    Warns of a weight that none of these views has, such as that of one held out, and where fewer
    views than `views_per_jet` are there.

    Parameters
    ----------
    dataset
        Its files may hold views that were not chosen; a weight may name them.

    Raises
    ------
    ConfigError
        As `chosen_drawing`.
    """
    described = dataset.config.get("views", {})
    points = {
        view: str(described[view].get("redo", "shower")) if view in described else None
        for view in dataset.shards[0].views
    }
    drawing = chosen_drawing(views, points, config)
    for idle in drawing.without_effect:
        logger.warning("%s", idle)
    return Positives(torch.tensor(drawing.weights), drawing.views_per_jet, drawing.copies)
