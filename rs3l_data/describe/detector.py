"""What a config says of the detector: a card, and what is other than in it."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.cards import changes_between, known_cards, load_card
from rs3l_data.describe.strict import Strict
from rs3l_data.errors import RS3LError


class Detector(Strict):
    """The detector of all views."""

    card: str = Field("cms", description="A card of the catalogue, or the path of a YAML file.")
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Keys of the card with other values."
    )

    @model_validator(mode="after")
    def _loads(self) -> Self:
        try:
            self.load()
        except RS3LError as error:
            raise ValueError(str(error)) from None
        return self

    def load(self) -> DetectorCard:
        """Read the card with its overrides."""
        return load_card(self.card, self.overrides)

    def of_the_catalogue(self) -> Detector:
        """Describe the same detector by the catalogue's, because a file of one's own may change."""
        if self.card in known_cards():
            return self
        default = Detector()
        base, own = (one.load().model_dump(mode="json") for one in (default, self))
        return Detector(card=default.card, overrides=changes_between(base, own))
