"""What a view changes besides its random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from rs3l_data.describe import tree
from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.owned import parameter
from rs3l_data.describe.stages import acts_after_the_shower
from rs3l_data.describe.strict import Strict, validate

if TYPE_CHECKING:
    from rs3l_data.describe.config import Config
    from rs3l_data.describe.view import View

Direction = Literal["up", "down", "same"]
Point = Literal["shower", "hadronization", "detector"]


class Expectation(Strict):
    """What a variation does to jets, against the same jets in a view without it.

    Only what theory or the detector's description says clearly; unset is no statement.
    """

    n_constituents: Direction | None = Field(
        None, description="Mean number of constituents, of every label."
    )
    pt: Direction | None = Field(
        None, description="Mean of the jet's pT over its initiator's, of every label."
    )
    mass: Direction | None = Field(None, description="Mean mass of the jets of quarks and gluons.")
    softdrop_mass: Direction | None = Field(
        None, description="Place of the peak of contained W, Z, Higgs and top jets."
    )


class KnownVariation(Strict):
    """An entry of the catalogue of variations."""

    source: str = Field(min_length=1, description="Where the change and its size come from.")
    tune: str | None = Field(None, description="A tune of the catalogue; replaces the run's.")
    settings: tuple[str, ...] = Field((), description="Of Pythia, read after everything else.")
    detector: dict[str, Any] = Field(
        default_factory=dict, description="Keys of the detector card with other values."
    )
    expect: Expectation = Field(Expectation(), description="What happens to the jets.")
    reference: str | None = Field(
        None, description="Tune of the view that `expect` compares with; any, if not given."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.tune or self.settings or self.detector):
            raise ValueError("it changes nothing: give `tune`, `settings` or `detector`")
        for tune in (self.tune, self.reference):
            if tune is not None:
                entry("tunes", tune)
        return self


@dataclass(frozen=True, slots=True)
class Variation:
    """A variation, from the catalogue or written in place."""

    tune: str | None = None
    """Replaces the run's"""
    settings: tuple[str, ...] = ()
    """Of Pythia, read after everything else"""
    detector: dict[str, Any] = field(default_factory=dict)
    """Keys of the detector card with other values"""


def variation(view: View) -> Variation:
    """Look up what a view changes.

    Raises
    ------
    ValueError
        If the catalogue does not have it, with the nearest name.
    """
    if view.variation is None:
        return Variation()
    if isinstance(view.variation, str):
        known = known_variation(view.variation)
        return Variation(known.tune, known.settings, known.detector)
    return Variation(settings=view.variation)


def tune_of(config: Config, view: str) -> str:
    """Name the tune of a view: that of its shower, or the run's."""
    root = config.views[tree.shower_of(config.views, view)]
    return variation(root).tune or config.generator.tune


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
    of_run = next(filter(_is_tune, settings), None)
    for name, view in views.items():
        changed = variation(view)
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


def _is_tune(line: str) -> bool:
    return parameter(line).startswith("tune:")


def branch_settings(config: Config, view: str) -> list[str]:
    """List the settings that a view and those that it starts from change, its root's first."""
    branch = (config.views[name] for name in tree.path_to(config.views, view))
    return [line for one in branch for line in variation(one).settings]


@cache
def known_variation(name: str) -> KnownVariation:
    """Look up an entry of the catalogue.

    Raises
    ------
    ValueError
        If the catalogue does not have it, with the nearest name.
    ConfigError
        If the entry is wrong.
    """
    return validate(KnownVariation, entry("variations", name), f"catalogue of variations: {name}")


def points(changed: Variation | KnownVariation) -> tuple[Point, ...]:
    """List the intervention points at which a view can make a change.

    >>> points(Variation(settings=("StringZ:aLund = 0.6",)))
    ('shower', 'hadronization')
    """
    if changed.tune or not all(map(acts_after_the_shower, changed.settings)):
        return ("shower",)
    return ("shower", "hadronization") if changed.settings else get_args(Point)
