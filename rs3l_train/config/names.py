"""Whether there is what a `training:` block names: views and labels, of a dataset or of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError
from rs3l_train.config.data import DataConfig
from rs3l_train.config.drawing import chosen_drawing
from rs3l_train.config.training import TrainingConfig


def chosen_views(views: Sequence[str], config: DataConfig) -> tuple[str, ...]:
    """Resolve the config's choice, among the views that there are, of those to train on.

    Raises
    ------
    ConfigError
        If one is named that there is not, or all views are held out.
    """
    for key, names in (("views", config.views or ()), ("hold_out", config.hold_out)):
        for view in names:
            if view not in views:
                raise ConfigError(
                    f"training.data.{key}: the dataset has no view {view!r};"
                    f" {nearest(view, list(views))}"
                )
    chosen = tuple(view for view in config.views or views if view not in config.hold_out)
    if not chosen:
        raise ConfigError("training.data.hold_out: no view is left to train on; hold out fewer")
    return chosen


def require_labels(labels: Sequence[str], names: Sequence[str], key: str) -> None:
    """Check that there are the labels that a config names.

    Raises
    ------
    ConfigError
        Naming the config's key, the label and the nearest that there is.
    """
    for name in names:
        if name not in labels:
            raise ConfigError(
                f"training.{key}: the dataset has no label {name!r}; {nearest(name, list(labels))}"
            )


def require_of_run(
    config: TrainingConfig, points: Mapping[str, str], labels: Sequence[str], source: str
) -> None:
    """Check, before anything is simulated, that a run makes what its training takes.

    A task may name more labels than there are, but needs one of signal and one of background.

    Parameters
    ----------
    points
        The run's views, and where each starts again.
    source
        The config's file, for the message.

    Raises
    ------
    ConfigError
        Naming the first key, view or label that does not fit, or how views cannot be drawn.
    """
    try:
        chosen_drawing(chosen_views([*points], config.data), points, config)
        require_labels(labels, config.data.labels or (), "data.labels")
        if config.objective.needs_labels and len(config.data.labels or labels) < 2:
            raise ConfigError(
                f"training.objective.name: {config.objective.name!r} tells labels apart, and there"
                " is one; take more in training.data.labels, or another objective"
            )
        for key, names in config.task.classes.items():
            if not set(names) & set(labels):
                require_labels(labels, names, f"task.{key}")
    except ConfigError as error:
        raise ConfigError(
            f"{source}: {error}\nFor a dataset alone leave training out: --config training="
        ) from None
