"""What a view changes besides its random numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.stages import acts_after_the_shower
from rs3l_data.describe.strict import Strict, validate

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


def variation(given: str | tuple[str, ...] | None) -> Variation:
    """Look up what a view changes.

    Parameters
    ----------
    given
        A name of the catalogue, settings of Pythia, or nothing.

    Raises
    ------
    ValueError
        If the catalogue does not have it, with the nearest name.
    """
    if given is None:
        return Variation()
    if isinstance(given, str):
        known = known_variation(given)
        return Variation(known.tune, known.settings, known.detector)
    return Variation(settings=given)


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
