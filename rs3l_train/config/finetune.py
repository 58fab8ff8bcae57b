"""How a network learns from labels."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count, Positive


class DecorrelateConfig(Strict):
    """A penalty on what the score of background jets tells about their mass (arXiv:2001.05310)."""

    variable: Literal["softdrop_mass", "mass"] = Field(
        default="softdrop_mass", description="the jet's mass that the score shall not tell"
    )
    weight: Positive = Field(
        default=10.0, description="of the squared distance correlation, beside the cross entropy"
    )


class FinetuneConfig(Strict):
    """How a network is trained on labels: fine-tuned, or from scratch."""

    views_per_batch: Count = Field(default=128, description="views of labelled jets in a batch")
    parts: Count = Field(
        default=1,
        description="parts in which a batch passes the network, as training.loop.parts of a batch"
        " of pretraining; at least one view each",
    )
    learning_rate: Positive = Field(
        default=1e-3, description="of the head, and of all from scratch"
    )
    backbone_learning_rate: Positive = Field(default=1e-4, description="of a pretrained backbone")
    last_layers: Count = Field(
        default=2,
        description="layers of the backbone, counted from its end, that the mode `last_layers`"
        " trains beside the head; a normalisation is one, too",
    )
    decorrelate: DecorrelateConfig | None = Field(
        default=None,
        description="penalty on the correlation of the background's score with its mass, in"
        " `last_layers`, `full` and `scratch`; it wants large batches (views_per_batch of 500 and"
        " more); null: none",
    )
    max_views_seen: Count = Field(default=300_000, description="budget of one training")
    validate_every: Count = Field(default=5000, description="views seen between two validations")
    patience: Count = Field(
        default=6,
        description="validations without a better AUC (with `decorrelate`: loss) before the"
        " learning rate drops or, after the last drop, the training ends",
    )
    drops: int = Field(
        default=1,
        ge=0,
        description="times that the learning rate is divided by ten, starting again from the best"
        " weights, before the training stops",
    )
    gradient_clip: Positive = Field(default=1.0, description="largest norm of the gradient")

    @model_validator(mode="after")
    def _parts_of_views(self) -> Self:
        if self.parts > self.views_per_batch:
            raise ValueError(
                f"parts: {self.parts} parts of a batch of {self.views_per_batch} views; use no more"
                " than views_per_batch"
            )
        return self
