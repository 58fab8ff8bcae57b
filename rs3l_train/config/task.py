"""What is tagged."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count


class TaskConfig(Strict):
    """What is tagged, and with how many labels."""

    signal: tuple[str, ...] = Field(
        default=("Hbb",), min_length=1, description="labels of the signal"
    )
    background: tuple[str, ...] = Field(
        default=("q", "c", "b", "g"), min_length=1, description="labels of the background"
    )
    labels: tuple[Annotated[int, Field(ge=4)], ...] = Field(
        default=(100, 1000),
        min_length=1,
        description="numbers of labelled jets to train on, half of them signal",
    )
    seeds: Count = Field(default=3, description="independent draws of the labelled jets")
    validation_labels: int = Field(
        default=700, ge=4, description="labelled validation jets at most, for early stopping"
    )

    @model_validator(mode="after")
    def _disjoint(self) -> TaskConfig:
        both = sorted(set(self.signal) & set(self.background))
        if both:
            raise ValueError(f"{', '.join(both)}: signal and background at once; keep one of them")
        return self
