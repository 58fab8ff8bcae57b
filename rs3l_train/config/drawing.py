"""Which views of a jet a batch takes, and how often, by the config and the views that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError
from rs3l_train.config.training import TrainingConfig

POINTS = ("shower", "hadronization", "detector")


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a jet's views are drawn for a batch."""

    weights: tuple[float, ...]
    """Relative frequency of each view to train on; a view of weight 0 is never drawn"""
    views_per_jet: int | None
    """How many of its present views a jet brings; None: all"""
    copies: int
    """How often each of them is in the batch, every time with other augmentations"""
    without_effect: tuple[str, ...]
    """What of the config is, in sentences: the weight of a view held out, say"""


def chosen_drawing(
    views: Sequence[str], points: Mapping[str, str | None], config: TrainingConfig
) -> Drawing:
    """Resolve the config's choice for the views to train on.

    Parameters
    ----------
    points
        All views that there are, and where each starts again; None: not known.

    Raises
    ------
    ConfigError
        If a weight is for no view and no intervention point, all weights are 0, they have no
        effect, or all entries of a jet would be the same.
    """
    settings = config.pretrain
    keys = [_key(view, points, settings.view_weights) for view in views]
    weights = tuple(settings.view_weights.get(key, 1.0) for key in keys)
    drawable = [view for view, weight in zip(views, weights, strict=True) if weight > 0]
    drawn = settings.views_per_jet
    if not drawable:
        raise ConfigError(
            f"training.pretrain.view_weights: every one of the views {', '.join(views)} has weight"
            " 0; give one of them more"
        )
    for key in settings.view_weights:
        if key not in (*POINTS, *points):
            raise ConfigError(
                f"training.pretrain.view_weights: {key!r} is neither a view of the dataset nor an"
                f" intervention point; {nearest(key, [*POINTS, *points])}"
            )
    if (drawn is None or drawn >= len(drawable)) and len({*weights} - {0}) > 1:
        raise ConfigError(
            "training.pretrain.view_weights: weigh the views that `views_per_jet` draws, but it is"
            f" {'null' if drawn is None else drawn} and all {len(drawable)} are taken; set"
            " training.pretrain.views_per_jet to fewer"
        )
    without_effect = [
        f"training.pretrain.view_weights: {key} is without effect: it is for none of"
        f" {', '.join(views)}"
        for key in settings.view_weights
        if key not in keys
    ]
    if drawn is not None and drawn > len(drawable):
        without_effect.append(
            f"training.pretrain.views_per_jet: {drawn}, but jets have {len(drawable)} views to draw"
            f" from: {', '.join(drawable)}"
        )
    return Drawing(weights, drawn, _copies(drawable, config), tuple(without_effect))


def _copies(drawable: Sequence[str], config: TrainingConfig) -> int:
    """Say how often each view is in a batch."""
    settings, pairs = config.pretrain, config.objective.needs_pairs
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


def _key(view: str, points: Mapping[str, str | None], weights: Mapping[str, float]) -> str:
    """Say under which key a view's weight is: its name, else its intervention point."""
    if view in weights or not set(POINTS) & set(weights):
        return view
    point = points[view]
    if point is None:
        raise ConfigError(
            "training.pretrain.view_weights: the dataset does not say at which point its view"
            f" {view!r} starts again; give weights by the names of views"
        )
    return point
