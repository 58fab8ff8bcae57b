"""The `training:` block of the config: every setting, its default and its meaning.

One file a block.

The defaults are those of the RS3L paper (arXiv:2403.07066) where it states them, except for the
schedule and the inputs, which leave out what lets the network recognise the views of a jet without
looking at its physics (see `docs/training.md`).
"""

from __future__ import annotations

from rs3l_train.config.backbone import BackboneConfig, EdgeConvConfig, TransformerConfig
from rs3l_train.config.data import Corrupt, DataConfig
from rs3l_train.config.evaluation import EvaluationConfig
from rs3l_train.config.finetune import FinetuneConfig
from rs3l_train.config.loop import Fresh, LoopConfig, Resume
from rs3l_train.config.objective import ObjectiveConfig
from rs3l_train.config.pretrain import PretrainConfig
from rs3l_train.config.task import Mode, NetworkMode, TaskConfig
from rs3l_train.config.training import (
    TrainingConfig,
    load_training,
    pretraining_part,
    validate_training,
)

__all__ = [
    "BackboneConfig",
    "Corrupt",
    "DataConfig",
    "EdgeConvConfig",
    "EvaluationConfig",
    "FinetuneConfig",
    "Fresh",
    "LoopConfig",
    "Mode",
    "NetworkMode",
    "ObjectiveConfig",
    "PretrainConfig",
    "Resume",
    "TaskConfig",
    "TrainingConfig",
    "TransformerConfig",
    "load_training",
    "pretraining_part",
    "validate_training",
]
