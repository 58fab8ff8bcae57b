"""How training uses the machine: parts, precision, what it leaves behind on the way."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count, Positive

Fresh = Literal["auto", "never"]
Resume = Literal[Fresh, "must"]
"""What to do about an earlier training in the folder for the results: no key, but an option"""


class LoopConfig(Strict):
    """How training uses the machine."""

    parts: Count = Field(
        default=1,
        description="parts in which a batch of pretraining passes the network, one after the other,"
        " or on several processes at once: the same loss for less memory",
    )
    precision: Literal["float32", "bf16"] = Field(
        default="float32", description="of the network's products; losses: float32"
    )
    compile: bool = Field(default=False, description="compile the network with `torch.compile`")
    checkpoint_seconds: Positive | None = Field(
        default=300, description="save the state this often [s]; null: never"
    )
    checkpoint_views: Count | None = Field(
        default=None, description="save the state after so many views; null: never"
    )
    tensorboard: bool = Field(
        default=False, description="also log to TensorBoard, in the run's folder `tensorboard`"
    )
