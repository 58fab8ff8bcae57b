"""One hard process of a config: where its events come from, and which particles are rows."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from rs3l_data.describe.owned import check_not_owned, parameter
from rs3l_data.describe.seeds import PYTHIA_SEED_MAX
from rs3l_data.describe.stages import acts_after_the_hard_process, acts_on_the_hard_process
from rs3l_data.describe.strict import Strict
from rs3l_data.describe.wording import NAME, found

BY_FLAVOUR = "by_flavour"
"""The label of a process whose rows are labelled by the flavour of the initiator"""

FLAVOURS = {1: "q", 2: "q", 3: "q", 4: "c", 5: "b", 21: "g"}
"""Those labels by PDG code"""


def _above_zero(code: int) -> int:
    if code <= 0:
        raise ValueError(
            f"expected a PDG code above 0, which stands for the antiparticle, too; found {code}"
        )
    return code


Code = Annotated[int, AfterValidator(_above_zero)]
Label = Annotated[str, Field(pattern=NAME)]

_SHARED = ("tune:", "pdf:", "standardmodel:", "sigmatotal:", "slha:", "hiddenvalley:ngauge")
"""Settings of Pythia that the hard process and the showers obey, in small letters"""


class Process(Strict):
    """One hard process; the catalogue fills in what is not given, for the names that it knows."""

    # For editors: only the number of events must be given for a process of the catalogue.
    model_config = ConfigDict(json_schema_extra={"required": ["events"]})

    events: int = Field(
        gt=0,
        le=PYTHIA_SEED_MAX,
        description="Hard events to generate; Pythia has seeds for 900 million.",
    )
    settings: tuple[str, ...] = Field(
        description="Pythia settings that select the process; with them, nothing is taken from the "
        "catalogue. They reach its hard events; the "
        "lines that begin with a PDG code, as `15:onIfAny = 13`, also reach all of its views, "
        "because the particle may decay there. What acts after the hard process only, as "
        "`TimeShower:`, is refused, and so is what the showers share with it, as `Tune:`, "
        "`PDF:pSet` and `StandardModel:`: their place is `generator`, or a view. Parton densities "
        "of the hard process alone are `PDF:useHard = on` and `PDF:pHardSet`. A second hard "
        "process, `SecondHard:`, is refused: its partons would have no initial-state radiation."
    )
    lhe: tuple[str, ...] = Field(
        (),
        description="Les Houches event files of another program to take the events from, in this "
        "order; patterns with * too. `settings` then only say how Pythia takes them in and what "
        "decays how.",
    )
    initiators: tuple[Code, ...] = Field(
        min_length=1,
        description="PDG codes of the particles whose jets are rows, their antiparticles' too.",
    )
    label: Label | dict[Code, Label] = Field(
        description="Class of the rows; or one for each initiator, as `{25: Hbb, 6: top}`; or "
        "`by_flavour`, which labels partons q (u, d, s), c, b and g."
    )
    description: str = Field("", description="What the report calls the process.")
    flatten_power: float = Field(
        5.0,
        ge=0,
        description="Exponent of pTHat that flattens the spectrum, if `flatten_pt`; 0 leaves the "
        "spectrum as it is, for processes that are not 2 → 2: Pythia cannot weight those.",
    )
    chunk_events: int | None = Field(
        None, gt=0, description="Hard events in one job and one shard, if not `hard.chunk_events`."
    )

    @field_validator("label", mode="before")
    @classmethod
    def _codes(cls, value: Any) -> Any:
        """Refuse true and false as the codes 1 and 0, which pydantic takes them for."""
        for code in value if isinstance(value, dict) else ():
            if isinstance(code, bool):
                raise ValueError(f"expected a PDG code as the key; found {found(code)}")
        return value

    @model_validator(mode="after")
    def _possible(self) -> Self:
        check_not_owned(self.settings, "settings", lhe=bool(self.lhe))
        late = [line for line in self.settings if acts_after_the_hard_process(line)]
        if late:
            raise ValueError(
                f"settings: {late} would have no effect: a process's settings reach its hard "
                "events, these act after the hard process only; give them in `generator.settings` "
                "for all views, or as the `variation` of a view"
            )
        shared = [
            line
            for line in self.settings
            if parameter(line).startswith(_SHARED) and not acts_on_the_hard_process(line)
        ]
        if shared:
            raise ValueError(
                f"settings: {shared} would hold for the hard events and not for the views that "
                "shower them; give a tune as `generator.tune` and the others in "
                "`generator.settings`, or parton densities of the hard process alone as "
                "`PDF:useHard = on` and `PDF:pHardSet`"
            )
        return self

    @model_validator(mode="after")
    def _labelled(self) -> Self:
        given, own = self.label_of, {*self.initiators}
        if self.label == BY_FLAVOUR and (wrong := sorted(own - {*given})):
            raise ValueError(
                f"label: `{BY_FLAVOUR}` is for the partons {[*FLAVOURS]}, found {wrong} among the "
                "initiators: give one label for all, or one for each, as {25: Hbb, 6: top}"
            )
        if isinstance(self.label, dict):
            if own != {*given}:
                raise ValueError(
                    f"label: expected one for each of the initiators {sorted(own)}, found those of "
                    f"{sorted(given)}"
                )
            if BY_FLAVOUR in given.values():
                raise ValueError(
                    f"label: `{BY_FLAVOUR}` is for all initiators or none: give the label of each "
                    "flavour, as {5: b, 21: g}"
                )
        return self

    @property
    def label_of(self) -> dict[int, str]:
        """The class of an initiator by its PDG code; by flavour, of all partons."""
        if isinstance(self.label, dict):
            return self.label
        if self.label == BY_FLAVOUR:
            return FLAVOURS
        return dict.fromkeys(self.initiators, self.label)
