"""Networks that turn the constituents of a jet into its embedding."""

from __future__ import annotations

from torch import nn

from rs3l_train.backbones.edgeconv import EdgeConvNet
from rs3l_train.config import BackboneConfig


def build(config: BackboneConfig, n_inputs: int) -> nn.Module:
    """Build a backbone: it maps features (n, P, F) and a mask (n, P) to embeddings (n, D)."""
    return EdgeConvNet(
        n_inputs, config.width, config.layers, config.neighbours, tuple(config.output)
    )
