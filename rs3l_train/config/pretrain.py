"""How pretraining runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count, Positive


class PretrainConfig(Strict):
    """How pretraining runs."""

    views_seen: Count = Field(
        default=500_000, description="budget: jets' views passed through the network"
    )
    seconds: Positive | None = Field(
        default=None,
        description="stop after this time [s] even if the budget is not used; null: never",
    )
    jets_per_batch: int = Field(
        default=64, ge=2, description="jets of a batch, each with several views"
    )
    views_per_jet: int | None = Field(
        default=None, ge=2, description="views of a jet in a batch, drawn anew each time; null: all"
    )
    learning_rate: Positive = Field(default=1e-3, description="of Adam, at its highest")
    schedule: Literal["cosine", "step", "constant"] = Field(
        default="cosine", description="`step` halves the learning rate as the paper does"
    )
    halve_every_epochs: Count = Field(default=50, description="for the schedule `step`")
    warmup: float = Field(
        default=0.02,
        ge=0,
        lt=1,
        description="part of the budget over which the learning rate rises",
    )
    gradient_clip: Positive = Field(default=1.0, description="largest norm of the gradient")
    validation_jets: int = Field(
        default=1000, ge=4, description="validation jets of each validation"
    )
