"""The network that is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count


class BackboneConfig(Strict):
    """The network that turns constituents into an embedding."""

    name: Literal["edgeconv"] = Field(default="edgeconv", description="dynamic edge convolutions")
    width: Count = Field(default=128, description="features of a constituent inside the network")
    layers: Count = Field(default=3, description="dynamic edge convolutions, one after the other")
    neighbours: Count = Field(
        default=24, description="nearest neighbours, the constituent included"
    )
    output: tuple[Count, ...] = Field(
        default=(64, 32, 32, 8),
        min_length=1,
        description="widths of the layers after pooling; the last is the embedding's dimension",
    )
