"""Which views of a jet stand beside one another in a batch, and how often each is drawn."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from torch import Tensor

from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError
from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig

logger = logging.getLogger(__name__)

POINTS = ("shower", "hadronization", "detector")


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


def chosen_positives(
    dataset: Dataset, views: tuple[str, ...], config: TrainingConfig, pairs: bool
) -> Positives:
    """Resolve the config's choice for the views that a dataset is loaded with.

    Warns of a weight that none of these views has, such as that of one held out, and where fewer
    views than `views_per_jet` are there.

    Parameters
    ----------
    pairs
        Whether the objective compares the views of a jet.

    Raises
    ------
    ConfigError
        If a weight is for no view and no intervention point, all weights are 0, they have no
        effect, or all entries of a jet would be the same.
    """
    weights = _weights(dataset, views, config)
    drawable = [view for view, weight in zip(views, weights.tolist(), strict=True) if weight > 0]
    drawn = config.pretrain.views_per_jet
    if drawn is not None and drawn > len(drawable):
        logger.warning(
            "training.pretrain.views_per_jet: %d, but jets have %d views to draw from: %s",
            *(drawn, len(drawable), ", ".join(drawable)),
        )
    return Positives(weights, drawn, _copies(drawable, config, pairs))


def _weights(dataset: Dataset, views: tuple[str, ...], config: TrainingConfig) -> Tensor:
    """Give the weight of each view: (V,)."""
    settings = config.pretrain
    keys = [_key(dataset, view, settings.view_weights) for view in views]
    weights = torch.tensor([settings.view_weights.get(key, 1.0) for key in keys])
    n_views = int((weights > 0).sum())
    if not n_views:
        raise ConfigError(
            f"training.pretrain.view_weights: every one of the views {', '.join(views)} has weight"
            " 0; give one of them more"
        )
    for key in settings.view_weights:
        if key not in (*POINTS, *dataset.views):
            raise ConfigError(
                f"training.pretrain.view_weights: {key!r} is neither a view of the dataset nor an"
                f" intervention point; {nearest(key, [*POINTS, *dataset.views])}"
            )
    drawn = settings.views_per_jet
    if (drawn is None or drawn >= n_views) and len(set(weights[weights > 0].tolist())) > 1:
        raise ConfigError(
            "training.pretrain.view_weights: weigh the views that `views_per_jet` draws, but it is"
            f" {'null' if drawn is None else drawn} and all {n_views} are taken; set"
            " training.pretrain.views_per_jet to fewer"
        )
    for key in (key for key in settings.view_weights if key not in keys):
        logger.warning(
            "training.pretrain.view_weights: %s is without effect: it is for none of %s",
            *(key, ", ".join(views)),
        )
    return weights


def _copies(drawable: list[str], config: TrainingConfig, pairs: bool) -> int:
    """Say how often each view is in a batch."""
    settings = config.pretrain
    unaugmented = settings.augmentations is None or settings.augmentations.without_effect
    alone = pairs and min(len(drawable), settings.views_per_jet or len(drawable)) == 1
    if alone and settings.copies is None and unaugmented:
        raise ConfigError(
            f"training.objective.name: {config.objective.name!r} compares two views of a jet, and"
            f" a batch would have one{f' ({drawable[0]})' if len(drawable) == 1 else ''}. Take two"
            " at least (training.data.views, training.pretrain.views_per_jet); or copies of one"
            " that differ in training.pretrain.augmentations, or, with training.pretrain.copies: 2,"
            " in their rotation alone; or the objective 'masked', which compares none"
        )
    copies = settings.copies or (2 if alone else 1)
    if alone and copies == 1:
        raise ConfigError(
            f"training.pretrain.copies: 1, with one view of a jet in a batch, but the objective"
            f" {config.objective.name!r} compares two; set it to 2, or take more views"
        )
    if copies > 1 and pairs and not config.data.rotation and unaugmented:
        raise ConfigError(
            "training.pretrain.augmentations: none with an effect, so that the"
            f" {copies} copies of a view are the same; choose augmentations, or set"
            " training.data.rotation: true"
        )
    return copies


def _key(dataset: Dataset, view: str, weights: dict[str, float]) -> str:
    """Say under which key a view's weight is: its name, else its intervention point."""
    if view in weights or not set(POINTS) & set(weights):
        return view
    described = dataset.config.get("views", {})
    if view not in described:
        raise ConfigError(
            f"training.pretrain.view_weights: {dataset.source} does not say at which point its"
            f" view {view!r} starts again; give weights by the names of views"
        )
    return str(described[view].get("redo", "shower"))
