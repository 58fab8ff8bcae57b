"""What pretraining minimises: one block of settings for each objective, told apart by `name`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from rs3l_train.config.announced import with_announced
from rs3l_train.config.numbers import Count, Fraction, Positive, Weight
from rs3l_train.own import ObjectiveSettings, OwnObjective

Projection = tuple[Count, ...] | None

_PROJECTION = (
    "widths of a perceptron between embedding and loss, thrown away after pretraining; null: the"
    " loss acts on the embedding itself, as in RS3L's paper"
)


class MaskedSettings(ObjectiveSettings):
    """What is hidden of a jet, and the decoder that predicts it."""

    fraction: Fraction = Field(default=0.3, description="part of a jet's constituents to hide")
    decoder_width: Count = Field(
        default=64, description="features of a constituent inside the decoder"
    )
    decoder_heads: Count = Field(default=4, description="of its attention; divides its width")
    category_weight: Weight = Field(
        default=1.0, description="of the category's cross entropy beside the other features' error"
    )

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if self.decoder_width % self.decoder_heads:
            raise ValueError(
                f"decoder_heads: {self.decoder_heads} does not divide decoder_width,"
                f" {self.decoder_width}; choose one that does"
            )
        return self


class NTXentConfig(ObjectiveSettings):
    """Contrast the views of a jet with those of all others (SimCLR)."""

    name: Literal["ntxent"] = Field(default="ntxent", description="the contrastive loss of SimCLR")
    temperature: Positive = Field(
        default=0.1, description="temperature of the softmax over cosines"
    )
    projection: Projection = Field(default=None, min_length=1, description=_PROJECTION)


class VICRegConfig(ObjectiveSettings):
    """Pull views together and keep the embedding's dimensions alive and different."""

    name: Literal["vicreg"] = Field(
        default="vicreg", description="variance, invariance and covariance; no negatives"
    )
    invariance: Weight = Field(default=25.0, description="weight of the distance of two views")
    variance: Weight = Field(
        default=25.0, description="weight of what a dimension's spread lacks to 1"
    )
    covariance: Weight = Field(default=1.0, description="weight of the squared covariances")
    projection: Projection = Field(
        default=(256, 256, 256),
        min_length=1,
        description=f"{_PROJECTION} (VICReg's has three of 8192)",
    )

    @model_validator(mode="after")
    def _something_to_learn(self) -> Self:
        if not any((self.invariance, self.variance, self.covariance)):
            raise ValueError(
                "invariance, variance and covariance: all are 0, and nothing is learned"
            )
        return self


class SimSiamConfig(ObjectiveSettings):
    """Predict one view of a jet from another, whose embedding is held fixed."""

    name: Literal["simsiam"] = Field(
        default="simsiam", description="a predictor and a stopped gradient; no negatives"
    )
    projection: Projection = Field(
        default=(128, 128), min_length=1, description=f"{_PROJECTION} (SimSiam's has three of 2048)"
    )
    predictor: Count = Field(default=32, description="width of the predictor's hidden layer")


class BYOLConfig(ObjectiveSettings):
    """Predict one view of a jet as an average of the network over its past sees another."""

    name: Literal["byol"] = Field(
        default="byol", description="a predictor and a slow copy of the network; no negatives"
    )
    projection: Projection = Field(
        default=(128, 128), min_length=1, description=f"{_PROJECTION} (BYOL's has 4096, 256)"
    )
    predictor: Count = Field(default=128, description="width of the predictor's hidden layer")
    momentum: float = Field(
        default=0.99, ge=0, lt=1, description="part of the slow copy that a step leaves as it was"
    )


class MaskedConfig(MaskedSettings):
    """Predict the features of hidden constituents from the others."""

    needs_pairs = False

    name: Literal["masked"] = Field(default="masked", description="masked-particle modelling")


class ContrastiveMaskedConfig(MaskedSettings):
    """Add masked-particle modelling to the contrastive loss."""

    name: Literal["contrastive_masked"] = Field(
        default="contrastive_masked", description="the sum of `ntxent` and `masked`"
    )
    temperature: Positive = Field(
        default=0.1, description="temperature of the softmax over cosines"
    )
    projection: Projection = Field(default=None, min_length=1, description=_PROJECTION)
    weight: Weight = Field(default=1.0, description="of the masked loss beside the contrastive")


class SupervisedConfig(ObjectiveSettings):
    """Learn the labels of the dataset: what all its labels are worth, for comparison."""

    needs_pairs = False
    needs_labels = True

    name: Literal["supervised"] = Field(
        default="supervised", description="cross entropy over the labels of the dataset"
    )


_Shipped = (
    NTXentConfig
    | VICRegConfig
    | SimSiamConfig
    | BYOLConfig
    | MaskedConfig
    | ContrastiveMaskedConfig
    | SupervisedConfig
)
if TYPE_CHECKING:
    ObjectiveConfig = _Shipped | OwnObjective
else:
    ObjectiveConfig = with_announced(_Shipped, "rs3l_train.objectives", OwnObjective, "ntxent")
