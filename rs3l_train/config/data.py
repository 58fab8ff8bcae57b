"""What the network sees of a dataset."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count, Positive
from rs3l_train.config.once import Once

Corrupt = Literal["stop", "skip"]
"""What to do at a shard that cannot be read"""


class DataConfig(Strict):
    """What the network sees of the dataset."""

    views: Once[tuple[str, ...] | None] = Field(
        default=None,
        min_length=1,
        description="names of the views to train on; null: all of the dataset",
    )
    hold_out: Once[tuple[str, ...]] = Field(
        default=(), description="views that are never trained on, and evaluated all the same"
    )
    labels: Once[tuple[str, ...] | None] = Field(
        default=None, min_length=1, description="labels of the jets to pretrain on; null: all"
    )
    constituents: Count = Field(
        default=48, description="the hardest constituents of a jet that are used"
    )
    inputs: Literal["shortcut_free", "rs3l"] = Field(
        default="shortcut_free",
        description="features of a constituent: `rs3l` is the list of RS3L's paper, `shortcut_free`"
        " has no energy (which with pT gives |eta|) but the impact parameters' significances",
    )
    rotation: bool = Field(
        default=True,
        description="rotate and reflect each view on its own about the jet axis in training, so"
        " that the orientation of the hard decay does not identify the jet",
    )
    loading: Literal["auto", "memory", "shared", "stream"] = Field(
        default="auto",
        description="for pretraining: `memory`: all jets, in the GPU's if there is one; `shared`:"
        " of several processes each holds its share; `stream`: read anew in each epoch, buffer by"
        " buffer; `auto`: the first of these that takes less than half of what the machine has, or"
        " the batch system allows",
    )
    buffer_mb: Positive = Field(
        default=2000,
        description="memory for two buffers of streamed jets, of all processes together [MB]; more"
        " is used where their number does not divide 32",
    )
    corrupt: Corrupt = Field(
        default="stop",
        description="at a shard that cannot be read: stop, naming it; or read all shards through"
        " first, and leave out, with a warning, those that cannot be read",
    )
