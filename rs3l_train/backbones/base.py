"""What every backbone is: constituents in, one embedding a jet out, in two steps."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from rs3l_train.errors import ContractError, class_of
from rs3l_train.views.inputs import JetInputs


class Backbone(nn.Module, ABC):
    """Maps jets to embeddings, by a representation of each constituent.

    The result depends neither on the order of the constituents, nor on padding, nor on the other
    jets of the batch. Layers are defined in the order of the forward pass: the mode `last_layers`
    counts them from the end.
    """

    width: int
    """C, features of a constituent"""
    dimension: int
    """D, of the embedding"""

    @abstractmethod
    def constituents(self, inputs: JetInputs) -> Tensor:
        """Represent each constituent in the light of the others: (n, P, C), 0 where padded."""

    @abstractmethod
    def pool(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Embed jets (n, D) by their constituents' representations (n, P, C) and mask (n, P)."""

    def forward(self, inputs: JetInputs) -> Tensor:
        """Embed jets: (n, D)."""
        return self.pool(self.constituents(inputs), inputs.mask)


def require_sizes(backbone: Backbone) -> None:
    """Check that a backbone says how large its representations are: heads are built by that.

    Raises
    ------
    ContractError
        If it does not.
    """
    for name in ("width", "dimension"):
        size = getattr(backbone, name, None)
        if not isinstance(size, int) or size < 1:
            said = "is not set" if size is None else f"is {size!r}"
            raise ContractError(
                f"{class_of(backbone)}.{name}: {said}, expected a positive whole number; set"
                f" self.{name} in __init__, after super().__init__()"
            )
