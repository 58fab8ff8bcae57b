"""Masked-particle modelling: predict hidden constituents from the others."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from rs3l_data.describe.schema import Category
from rs3l_train.backbones.base import Backbone
from rs3l_train.config.objective import MaskedConfig, MaskedSettings
from rs3l_train.objectives.base import Objective
from rs3l_train.views.inputs import JetInputs
from rs3l_train.views.memory import Batch
from rs3l_train.views.presentation import Presentation

# The last features of every list of inputs say, one-hot, what a constituent is.
N_CATEGORIES = len(Category)


class Masked(Objective):
    """Hide a part of each jet's constituents and predict their features (arXiv:2401.13537).

    Outputs: the mean error of a jet's hidden constituents, (n, 1); 0 for a jet of one constituent,
    in which none is hidden.
    """

    def __init__(
        self,
        backbone: Backbone,
        presentation: Presentation,
        config: MaskedConfig,
        n_inputs: int,
        n_constituents: int,
    ):
        super().__init__(backbone, presentation)
        self.prediction = HiddenPrediction(backbone, config, n_inputs, n_constituents)

    def outputs(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Measure how badly hidden constituents are predicted: (n, 1)."""
        inputs = self.presentation(batch, generator)
        error: Tensor = self.prediction(self.backbone, inputs, generator)
        return error[:, None]

    def loss(self, outputs: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG002
        """Average over the jets."""
        return outputs.mean()


class HiddenPrediction(nn.Module):
    """The task of masked-particle modelling, and the decoder that solves it.

    The backbone sees the other constituents alone, as in arXiv:2111.06377: what is hidden cannot
    leak through neighbours or pair features, and no network needs a token for it. The decoder
    is asked for the k-th hardest constituent, by a learned query and the jet's embedding (so that
    the embedding learns too), and looks at the visible ones by attention. Continuous features
    are predicted as they enter the network, by Huber's loss; the category by cross entropy.
    """

    def __init__(
        self, backbone: Backbone, settings: MaskedSettings, n_inputs: int, n_constituents: int
    ):
        super().__init__()
        width = settings.decoder_width
        self.fraction = settings.fraction
        self.category_weight = settings.category_weight
        self.rank = nn.Embedding(n_constituents, width)
        self.jet = nn.Linear(backbone.dimension, width)
        self.visible = nn.Linear(backbone.width, width)
        self.attention = nn.MultiheadAttention(width, settings.decoder_heads, batch_first=True)
        self.refine = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.features = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_inputs))

    def forward(self, backbone: Backbone, inputs: JetInputs, generator: torch.Generator) -> Tensor:
        """Hide constituents and measure the mean error of their prediction: (n,)."""
        places, real = hidden_places(inputs.mask, self.fraction, generator)
        rest = without(inputs, places, real)
        constituents = backbone.constituents(rest)
        query = self.rank(places) + self.jet(backbone.pool(constituents, rest.mask))[:, None]
        keys = self.visible(constituents)
        x = query + self.attention(query, keys, keys, ~rest.mask, need_weights=False)[0]
        predicted = self.features(x + self.refine(x))
        index = places[..., None].expand(-1, -1, inputs.features.shape[2])
        error = feature_error(predicted, inputs.features.gather(1, index), self.category_weight)
        return (error * real).sum(1) / real.sum(1).clamp(min=1)


def hidden_places(
    mask: Tensor, fraction: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw the constituents of each jet to hide: at least one and not all, if it has two.

    Parameters
    ----------
    mask
        (n, P)

    Returns
    -------
    places
        (n, K) int64, K the most that a jet of P constituents may hide
    real
        (n, K) bool, whether that place is hidden
    """
    n, n_places = mask.shape
    counts = mask.sum(1, keepdim=True)
    n_hidden = torch.minimum((fraction * counts).round().clamp(min=1), counts - 1)
    k = min(n_places, max(1, math.ceil(fraction * n_places)))
    lot = torch.rand(n, n_places, generator=generator, device=mask.device)
    places = lot.masked_fill(~mask, torch.inf).topk(k, largest=False).indices
    return places, torch.arange(k, device=mask.device) < n_hidden


def without(inputs: JetInputs, places: Tensor, real: Tensor) -> JetInputs:
    """Take constituents away, as if the jet had never had them."""
    hidden = torch.zeros_like(inputs.mask).scatter(1, places, real)
    visible = inputs.mask & ~hidden
    shown = visible[..., None]
    return JetInputs(inputs.features * shown, inputs.momenta * shown, visible)


def feature_error(predicted: Tensor, target: Tensor, category_weight: float) -> Tensor:
    """Compare features (n, K, F): Huber's loss of the continuous ones, cross entropy of the rest.

    Returns
    -------
    (n, K) float32
    """
    with torch.autocast(predicted.device.type, enabled=False):
        predicted, target = predicted.float(), target.float()
        n_continuous = target.shape[2] - N_CATEGORIES
        continuous = functional.smooth_l1_loss(
            predicted[..., :n_continuous], target[..., :n_continuous], reduction="none"
        )
        log_probability = predicted[..., n_continuous:].log_softmax(2)
        category = -(target[..., n_continuous:] * log_probability).sum(2)
        return continuous.mean(2) + category_weight * category
