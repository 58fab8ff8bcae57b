"""What pretraining minimises: one file an objective, each from its paper."""

from __future__ import annotations

from typing import assert_never

from rs3l_train.backbones.base import Backbone
from rs3l_train.config import TrainingConfig
from rs3l_train.config.objective import (
    BYOLConfig,
    ContrastiveMaskedConfig,
    MaskedConfig,
    NTXentConfig,
    SimSiamConfig,
    SupervisedConfig,
    VICRegConfig,
)
from rs3l_train.errors import require_kind
from rs3l_train.objectives.base import Objective
from rs3l_train.objectives.byol import BYOL
from rs3l_train.objectives.contrastive_masked import ContrastiveMasked
from rs3l_train.objectives.masked import Masked
from rs3l_train.objectives.ntxent import NTXent
from rs3l_train.objectives.simsiam import SimSiam
from rs3l_train.objectives.supervised import Supervised
from rs3l_train.objectives.vicreg import VICReg
from rs3l_train.own import OwnObjective
from rs3l_train.views.inputs import N_INPUTS
from rs3l_train.views.presentation import presentation

__all__ = ["Objective", "build"]


def build(config: TrainingConfig, backbone: Backbone, n_labels: int) -> Objective:
    """Build the objective that a config describes, with its backbone in it.

    Parameters
    ----------
    n_labels
        Labels of the dataset, for the objective that learns them.

    Raises
    ------
    ContractError
        If another package builds none.
    """
    shown = presentation(config)
    sizes = N_INPUTS[config.data.inputs], config.data.constituents
    match config.objective:
        case NTXentConfig() as own:
            return NTXent(backbone, shown, own)
        case VICRegConfig() as own:
            return VICReg(backbone, shown, own)
        case SimSiamConfig() as own:
            return SimSiam(backbone, shown, own)
        case BYOLConfig() as own:
            return BYOL(backbone, shown, own)
        case MaskedConfig() as own:
            return Masked(backbone, shown, own, *sizes)
        case ContrastiveMaskedConfig() as own:
            return ContrastiveMasked(backbone, shown, own, *sizes)
        case SupervisedConfig():
            return Supervised(backbone, shown, n_labels)
        case OwnObjective() as own:
            objective: Objective = own.build(backbone, shown, n_labels)
            require_kind(own, objective, Objective)
            return objective
        case other:
            assert_never(other)
