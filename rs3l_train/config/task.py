"""What is tagged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count
from rs3l_train.config.once import Once

NetworkMode = Literal["probe", "last_layers", "full", "scratch"]
Mode = Literal[NetworkMode, "trees"]
Label = Annotated[str, Field(min_length=1)]


class TaskConfig(Strict):
    """What is tagged, and with how many labels."""

    signal: Once[tuple[Label, ...]] = Field(
        default=("Hbb",), min_length=1, description="labels of the signal"
    )
    background: Once[tuple[Label, ...]] = Field(
        default=("q", "c", "b", "g"), min_length=1, description="labels of the background"
    )
    labels: Once[tuple[Annotated[int, Field(ge=4)], ...]] = Field(
        default=(100, 1000), min_length=1, description="numbers of labelled jets to train on"
    )
    balance: Literal["equal", "natural"] = Field(
        default="equal",
        description="the labelled jets are half signal, half background, or mixed as in the"
        " dataset; inside a class they are always mixed as in the dataset",
    )
    modes: Once[tuple[Mode, ...]] = Field(
        default=("probe", "full", "scratch", "trees"),
        min_length=1,
        description="ways of training that a study compares; `trees` are boosted decision trees on"
        " substructure variables",
    )
    seeds: Count = Field(default=3, description="independent draws of the labelled jets")
    validation_labels: int = Field(
        default=700,
        ge=4,
        description="labelled validation jets at most, by which a training ends, and a probe, trees"
        " and temperatures are chosen",
    )

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """The labels of `signal` and of `background`, by these names."""
        return {"signal": self.signal, "background": self.background}

    @model_validator(mode="after")
    def _disjoint(self) -> TaskConfig:
        both = sorted(set(self.signal) & set(self.background))
        if both:
            raise ValueError(f"{', '.join(both)}: signal and background at once; keep one of them")
        return self
