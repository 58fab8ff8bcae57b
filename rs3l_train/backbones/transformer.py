"""The particle transformer: attention between constituents, biased by what pairs of them are.

arXiv:2202.03772. Left out of it: batch normalisation, which makes a jet's embedding depend on the
other jets of the batch and on padding (here inputs and pair features have fixed scales instead),
and dropout.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rs3l_train.backbones.attention import ClassBlock, ParticleBlock
from rs3l_train.backbones.base import Backbone
from rs3l_train.backbones.pairs import N_PAIR_FEATURES, pair_features
from rs3l_train.backbones.perceptron import perceptron
from rs3l_train.backbones.triangle import lower_triangle, symmetric
from rs3l_train.config import TransformerConfig
from rs3l_train.views.inputs import JetInputs

# Its exponential is 0 in every precision. Minus infinity would make NaN of a jet without any
# constituent.
MASKED = -1e4


class ParticleTransformer(Backbone):
    """Particle attention blocks over the constituents, class attention blocks, dense layers.

    One small network turns the features of a pair into the bias of each head, which all particle
    attention blocks share.
    """

    def __init__(self, n_inputs: int, config: TransformerConfig):
        super().__init__()
        width, heads = config.width, config.heads
        self.width, self.dimension = width, config.output[-1]
        self.encode = nn.Sequential(
            nn.Linear(n_inputs, width),
            nn.GELU(),
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.LayerNorm(4 * width),
            nn.Linear(4 * width, width),
            nn.GELU(),
        )
        self.pair = perceptron((N_PAIR_FEATURES, *config.pair_widths, heads), nn.GELU)
        self.blocks = nn.ModuleList(ParticleBlock(width, heads) for _ in range(config.layers))
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.class_blocks = nn.ModuleList(
            ClassBlock(width, heads) for _ in range(config.class_layers)
        )
        self.decode = nn.Sequential(
            nn.LayerNorm(width), perceptron((width, *config.output), nn.GELU)
        )

    def constituents(self, inputs: JetInputs) -> Tensor:
        """Represent each constituent after the particle attention blocks: (n, P, C)."""
        x: Tensor = self.encode(inputs.features)
        bias = self.bias(inputs)
        for block in self.blocks:
            x = block(x, bias)
        return x * inputs.mask[..., None]

    def pool(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Let the class token ask the constituents, and decode it: (n, D)."""
        token = self.token.expand(mask.shape[0], 1, -1)
        # The token itself may always be asked.
        bias = _mask_bias(functional.pad(mask, (1, 0), value=True), constituents.dtype)
        for block in self.class_blocks:
            token = block(token, constituents, bias)
        embedding: Tensor = self.decode(token[:, 0])
        return embedding

    def bias(self, inputs: JetInputs) -> Tensor:
        """Compute the bias of the attention scores (n, heads, P, P): of the pair, and of padding.

        The features of the pairs keep the precision of the momenta under autocast.
        """
        size = inputs.mask.shape[1]
        first, second = lower_triangle(size, inputs.mask.device)
        features = pair_features(inputs.momenta[:, first], inputs.momenta[:, second])
        of_pairs = symmetric(self.pair(features).transpose(1, 2), size)
        # A GPU's fused attention takes a bias only if the last dimension is contiguous.
        return (of_pairs + _mask_bias(inputs.mask, of_pairs.dtype)).contiguous()


def _mask_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Turn a mask (n, K) into what is added to attention scores: (n, 1, 1, K)."""
    return torch.where(mask, 0.0, MASKED).to(dtype)[:, None, None, :]
