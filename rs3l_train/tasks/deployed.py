"""A trained network from the columns of a dataset to its answer, with nothing to get wrong."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rs3l_train.tasks.model import Model
from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.memory import PADDING, Batch


class Deployed(nn.Module):
    """Map physical columns of constituents and jets to embeddings, and to a tagger's scores.

    Constituents fall in pT, as in the dataset, and those after the ones that the network was
    trained with are cut off; places without a constituent have pT = 0.
    """

    def __init__(self, model: Model):
        super().__init__()
        self.backbone, self.tagger = model.backbone, model.tagger
        self.inputs = model.config.data.inputs
        self.n_constituents = model.config.data.constituents

    def forward(
        self, constituents: dict[str, Tensor], jets: dict[str, Tensor]
    ) -> tuple[Tensor, ...]:
        """Compute the embeddings (n, D), and of a tagger the logits (n,) too.

        Parameters
        ----------
        constituents
            (n, P) float32 each, by the names of `CONSTITUENT_COLUMNS`; any P.
        jets
            (n,) float32 each, by the names of `JET_COLUMNS`.
        """
        columns = {name: self._cut(column) for name, column in constituents.items()}
        mask = columns["pt"] > 0
        filled = {
            name: torch.where(mask, column, float(PADDING.get(name, 0)))
            for name, column in columns.items()
        }
        embeddings = self.backbone(network_inputs(Batch(filled, mask, jets), self.inputs))
        if self.tagger is None:
            return (embeddings,)
        return embeddings, self.tagger.logits(embeddings)

    def _cut(self, column: Tensor) -> Tensor:
        # First longer, then shorter: so the width is always the same, and an exporter sees that.
        return functional.pad(column, (0, self.n_constituents))[:, : self.n_constituents]
