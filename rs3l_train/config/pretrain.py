"""How pretraining runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count, Positive, Weight


class AugmentationsConfig(Strict):
    """Hand-made augmentations of JetCLR (arXiv:2108.04253); its rotation is `data.rotation`."""

    # Each is a number or a switch that at 0 or false leaves jets as they are.

    translation: float = Field(
        default=1.0,
        ge=0,
        description="largest shift in eta and phi, in units of the jet's own extent in each",
    )
    smearing: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="soft splittings: width of the shift of a constituent's eta and phi, times its"
        " pT [GeV]",
    )
    splitting: bool = Field(
        default=True,
        description="collinear splittings: constituents are split in two of the same direction,"
        " as many as there are empty places",
    )

    @property
    def without_effect(self) -> bool:
        """Whether they leave a view as it is."""
        return not any(self.model_dump().values())


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
    views_per_jet: Count | None = Field(
        default=None, description="views of a jet in a batch, drawn anew each time; null: all"
    )
    view_weights: dict[str, Weight] = Field(
        default={},
        description="how often a view is drawn first for `views_per_jet`, relative to the others:"
        " by its name, or by the point where it starts again (`shower`, `hadronization`,"
        " `detector`); 1 if not named, 0: never",
    )
    copies: Count | None = Field(
        default=None,
        description="times that a view is in a batch, each time augmented anew; null: 2 where a"
        " jet has one view, `augmentations` are given and the objective compares views, else 1",
    )
    augmentations: AugmentationsConfig | None = Field(
        default=None, description="hand-made changes of each view; null: none but data.rotation"
    )
    learning_rate: Positive = Field(default=1e-3, description="of Adam, at its highest")
    schedule: Literal["cosine", "step", "constant"] = Field(
        default="cosine", description="`step` halves the learning rate as RS3L's paper does"
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
        default=1000,
        ge=4,
        description="validation jets of each validation: whole batches, or one that is not full",
    )
    probe_jets: int = Field(
        default=500,
        ge=0,
        description="validation jets of `task` by which each validation asks how well nearest"
        " neighbours in the embedding tag; 0: none",
    )
