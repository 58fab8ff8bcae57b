"""Networks that turn the constituents of a jet into its embedding."""

from __future__ import annotations

from rs3l_train.backbones.base import Backbone
from rs3l_train.backbones.edgeconv import EdgeConvNet
from rs3l_train.config import BackboneConfig


def build(config: BackboneConfig, n_inputs: int) -> Backbone:
    """Build the backbone that a config describes, for ``n_inputs`` features of a constituent."""
    return EdgeConvNet(
        n_inputs, config.width, config.layers, config.neighbours, tuple(config.output)
    )
