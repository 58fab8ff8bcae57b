"""One view of a config: where it starts again, and what it changes."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from rs3l_data.describe import external
from rs3l_data.describe.owned import check_not_owned
from rs3l_data.describe.stages import (
    AFTER_THE_SHOWER,
    acts_after_the_shower,
    acts_on_the_hard_process,
)
from rs3l_data.describe.strict import Strict
from rs3l_data.describe.variation import Point, Variation, variation

MOST_COPIES = 1000
"""Of a view: each is jobs and columns of its own"""


class View(Strict):
    """One realisation of every hard event."""

    redo: Point = Field(
        "shower",
        description="Where the simulation starts again: everything after the hard process, after "
        "the shower, or after the stable particles.",
    )
    of: str | None = Field(
        None, description="The view whose shower or particles it shares; none for `shower`."
    )
    variation: str | tuple[str, ...] | None = Field(
        None,
        description="A variation of the catalogue, or a list of Pythia settings; read last, for "
        "this view and those that start from it.",
    )
    detector: dict[str, Any] = Field(
        default_factory=dict, description="Keys of the detector card with other values."
    )
    pileup: dict[str, Any] = Field(
        default_factory=dict, description="Keys of `pileup` with other values."
    )
    hepmc: str | None = Field(
        None,
        description="HepMC3 file of the hard events as another program showered them; `{process}` "
        "and `{chunk}` (0000, 0001, …) stand for theirs. A file gives one view: others of its "
        "showers are made with `redo: detector`.",
    )

    # Written out before a view is made: each copy is a view of its own, and says nothing of it.
    copies: int = Field(
        1,
        ge=1,
        le=MOST_COPIES,
        exclude=True,
        description="How many views to make of it, which differ in their random numbers alone: "
        "from 2, their names are `<name>_1`, `<name>_2`, …",
    )

    @property
    def changes(self) -> Variation:
        """What its variation says, looked up in the catalogue if it is a name."""
        return variation(self.variation)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        changed = self.changes
        check_not_owned(changed.settings, "variation")
        early = [line for line in changed.settings if acts_on_the_hard_process(line)]
        if early:
            raise ValueError(
                f"variation: {early} are of the hard process, which all views share as it was "
                "saved; give them in the `settings` of a process"
            )
        if self.hepmc is not None:
            external.check_hepmc(self.hepmc)
            if self.redo != "shower" or self.variation is not None:
                raise ValueError(
                    "a view from a HepMC file was showered elsewhere: remove `redo` and "
                    "`variation`; only `detector` can change"
                )
        if self.redo == "detector" and (changed.tune or changed.settings):
            raise ValueError(
                "a view that redoes the detector shares its parent's particles: its variation can "
                "change the detector card only"
            )
        if self.redo == "hadronization":
            late = [line for line in changed.settings if not acts_after_the_shower(line)]
            if changed.tune or late:
                raise ValueError(
                    "a view that redoes the hadronization shares its parent's shower: "
                    f"{late or [f'the tune {changed.tune}']} would have no effect or only half of "
                    f"it; allowed are {', '.join(AFTER_THE_SHOWER)}"
                )
        return self
