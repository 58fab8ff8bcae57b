"""Networks that turn the constituents of a jet into its embedding."""

from __future__ import annotations

from typing import assert_never

from rs3l_train.backbones.base import Backbone, require_sizes
from rs3l_train.backbones.edgeconv import EdgeConvNet
from rs3l_train.backbones.transformer import ParticleTransformer
from rs3l_train.config import (
    BackboneConfig,
    EdgeConvConfig,
    TrainingConfig,
    TransformerConfig,
)
from rs3l_train.errors import require_kind
from rs3l_train.own import OwnBackbone
from rs3l_train.views.inputs import N_INPUTS

__all__ = ["Backbone", "backbone_of", "build"]


def backbone_of(config: TrainingConfig) -> Backbone:
    """Build the backbone of a training, for its inputs."""
    return build(config.backbone, N_INPUTS[config.data.inputs])


def build(config: BackboneConfig, n_inputs: int) -> Backbone:
    """Build the backbone that a config describes, for ``n_inputs`` features of a constituent.

    Raises
    ------
    ContractError
        If it does not say its sizes, or another package builds none.
    """
    backbone: Backbone
    match config:
        case EdgeConvConfig():
            backbone = EdgeConvNet(n_inputs, config)
        case TransformerConfig():
            backbone = ParticleTransformer(n_inputs, config)
        case OwnBackbone():
            backbone = config.build(n_inputs)
            require_kind(config, backbone, Backbone)
        case other:
            assert_never(other)
    require_sizes(backbone)
    return backbone
