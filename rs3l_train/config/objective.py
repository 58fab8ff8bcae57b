"""What pretraining minimises."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Positive


class ObjectiveConfig(Strict):
    """What pretraining minimises."""

    name: Literal["ntxent"] = Field(default="ntxent", description="the contrastive loss of SimCLR")
    temperature: Positive = Field(
        default=0.1, description="temperature of the softmax over cosines"
    )
