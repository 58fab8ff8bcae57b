"""How a network learns from labels."""

from __future__ import annotations

from pydantic import Field

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count, Positive


class FinetuneConfig(Strict):
    """How a network is trained on labels: fine-tuned, or from scratch."""

    views_per_batch: Count = Field(default=128, description="views of labelled jets in a batch")
    learning_rate: Positive = Field(
        default=1e-3, description="of the head, and of all from scratch"
    )
    backbone_learning_rate: Positive = Field(default=1e-4, description="of a pretrained backbone")
    max_views_seen: Count = Field(default=300_000, description="budget of one training")
    validate_every: Count = Field(default=5000, description="views seen between two validations")
    patience: Count = Field(
        default=6, description="validations without a better AUC before the next is done"
    )
    drops: int = Field(
        default=1,
        ge=0,
        description="times that the learning rate is divided by ten, starting again from the best"
        " weights, before the training stops",
    )
    gradient_clip: Positive = Field(default=1.0, description="largest norm of the gradient")
