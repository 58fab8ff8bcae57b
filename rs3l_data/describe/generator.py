"""What a config says of the generator for all of its views."""

from __future__ import annotations

from pydantic import Field, field_validator

from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.owned import check_not_owned
from rs3l_data.describe.stages import chooses_a_hard_process
from rs3l_data.describe.strict import Strict


class Generator(Strict):
    """What all views share, unless their variation changes it."""

    tune: str = Field("monash", description="A tune of the catalogue.")
    settings: tuple[str, ...] = Field(
        (),
        description="Further Pythia settings, read after it: for the hard events, all views and "
        "the pile-up. What the package sets itself is refused, beams and seeds among it, and so is "
        "what chooses a hard process, as `HardQCD:`, or weights its events.",
    )

    @field_validator("tune")
    @classmethod
    def _known(cls, value: str) -> str:
        entry("tunes", value)
        return value

    @field_validator("settings")
    @classmethod
    def _free(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_not_owned(value)
        chosen = [line for line in value if chooses_a_hard_process(line)]
        if chosen:
            raise ValueError(
                f"{chosen} would reach the views, which shower saved events, too: give them in the "
                "`settings` of a process"
            )
        return value
