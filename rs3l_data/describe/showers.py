"""Vincia's showers have settings of their own, and do not obey those of Pythia's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rs3l_data.describe.owned import parameter
from rs3l_data.describe.view import View

_OF_PYTHIAS = ("timeshower:", "spaceshower:", "weakshower:")
_OF_BOTH = "timeshower:interleave"
_VINCIA = "2"


def check_showers(settings: Sequence[str], views: Mapping[str, View]) -> None:
    """Check that no view of Vincia's showers is a variation in name only.

    Parameters
    ----------
    settings
        Of the run, read before those of a view.

    Raises
    ------
    ValueError
        Naming the view, and its settings of Pythia's own showers.
    """
    for name, view in views.items():
        own = view.changes.settings
        models = [line for line in (*settings, *own) if parameter(line) == "partonshowers:model"]
        if not models or models[-1].partition("=")[2].split()[:1] != [_VINCIA]:
            continue
        of_pythias = [line for line in own if parameter(line).startswith(_OF_PYTHIAS)]
        if idle := [line for line in of_pythias if parameter(line) != _OF_BOTH]:
            raise ValueError(
                f"views.{name}.variation: {idle} would have no effect on Vincia's showers, which"
                f" '{models[-1]}' chooses; their own settings begin with Vincia:"
            )
