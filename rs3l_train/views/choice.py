"""Which views there are to train on, and which one the others are compared with."""

from __future__ import annotations

from collections.abc import Sequence

from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError
from rs3l_data.store.reader import Dataset
from rs3l_train.config import DataConfig

NOMINAL = "nominal"


def reference_view(views: Sequence[str]) -> str:
    """Name the view that the others are compared with: `nominal`, or else the first."""
    return NOMINAL if NOMINAL in views else views[0]


def chosen_views(dataset: Dataset, config: DataConfig) -> tuple[str, ...]:
    """Resolve the config's choice of the views to train on.

    Raises
    ------
    ConfigError
        If the dataset has not that view, or all views are held out.
    """
    for key, names in (("views", config.views or ()), ("hold_out", config.hold_out)):
        for view in names:
            if view not in dataset.views:
                raise ConfigError(
                    f"training.data.{key}: the dataset has no view {view!r};"
                    f" {nearest(view, list(dataset.views))}"
                )
    chosen = tuple(view for view in config.views or dataset.views if view not in config.hold_out)
    if not chosen:
        raise ConfigError("training.data.hold_out: no view is left to train on; hold out fewer")
    return chosen
