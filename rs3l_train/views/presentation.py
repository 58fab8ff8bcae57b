"""How a view of a jet is shown to a network that is being pretrained."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from rs3l_train.config import TrainingConfig
from rs3l_train.config.pretrain import AugmentationsConfig
from rs3l_train.views.augment import collinear_splittings, soft_smearing, translated
from rs3l_train.views.inputs import JetInputs, inputs_at, orientated
from rs3l_train.views.memory import Batch


@dataclass(frozen=True, slots=True)
class Presentation:
    """What happens to each view of a batch, on its own, before the network."""

    inputs: str
    """A key of `INPUTS`"""
    rotation: bool
    """Whether each view is turned and reflected at random"""
    augmentations: AugmentationsConfig | None
    """Hand-made changes besides"""

    def __call__(self, batch: Batch, generator: torch.Generator) -> JetInputs:
        """Compute the network's inputs of a batch."""
        changes = self.augmentations
        if changes is not None:
            if changes.splitting:
                batch = collinear_splittings(batch, generator)
            batch = soft_smearing(batch, changes.smearing, generator)
        deta, dphi = orientated(batch, generator if self.rotation else None)
        if changes is not None:
            deta, dphi = translated(deta, dphi, batch.mask, changes.translation, generator)
        return inputs_at(batch, self.inputs, deta, dphi)


def presentation(config: TrainingConfig) -> Presentation:
    """Present views as a config says."""
    return Presentation(config.data.inputs, config.data.rotation, config.pretrain.augmentations)
