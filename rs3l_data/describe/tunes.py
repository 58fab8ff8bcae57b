"""A tune sets much at once, and so undoes what Pythia has read before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import dropwhile

from rs3l_data.describe.owned import parameter
from rs3l_data.describe.view import View


def check_tunes(settings: Sequence[str], views: Mapping[str, View]) -> None:
    """Check that no tune, which sets much else, undoes settings that Pythia has read before it.

    Parameters
    ----------
    settings
        Of the run, read after its tune or a view's and before a view's settings.

    Raises
    ------
    ValueError
        Naming the view whose tune would be undone, or would undo them.
    """
    _check_first("generator.settings", settings)
    of_run = next(filter(_is_tune, settings), None)
    for name, view in views.items():
        changed = view.changes
        _check_first(f"views.{name}.variation", changed.settings)
        if of_run and changed.tune:
            raise ValueError(
                f"generator.settings: '{of_run}' is read after the tune '{changed.tune}' of the"
                f" view '{name}' and would undo it: give the run's tune as `generator.tune`"
            )
        own = next(filter(_is_tune, changed.settings), None)
        if own and (undone := [line for line in settings if line not in changed.settings]):
            raise ValueError(
                f"views.{name}.variation: '{own}' would undo what `generator.settings` say, as it"
                f" is read after them: repeat {undone} behind it"
            )


def _check_first(place: str, settings: Sequence[str]) -> None:
    """Check that the tunes in a list stand before all else that it says."""
    if late := [line for line in dropwhile(_is_tune, settings) if _is_tune(line)]:
        raise ValueError(
            f"{place}: '{late[0]}' would undo what stands before it: put it at the beginning"
        )


def _is_tune(line: str) -> bool:
    return parameter(line).startswith("tune:")
