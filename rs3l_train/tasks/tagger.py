"""A backbone with a linear head on top: the same network for every way of training it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rs3l_data.errors import ConfigError
from rs3l_train.backbones import Backbone
from rs3l_train.errors import TrainingError
from rs3l_train.evaluation.scores import Scores
from rs3l_train.views.inputs import JetInputs


class Tagger(nn.Module):
    """Score jets by a linear function of their standardised embedding.

    Mean and spread of the embedding are set once, from the jets to be trained on, so that probe,
    fine-tuning and training from scratch all start from a head with inputs of order one.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, backbone: Backbone):
        super().__init__()
        self.backbone = backbone
        self.register_buffer("mean", torch.zeros(backbone.dimension))
        self.register_buffer("spread", torch.ones(backbone.dimension))
        self.head = nn.Linear(backbone.dimension, 1)

    def forward(self, inputs: JetInputs) -> Tensor:
        """Compute the logits (n,) of jets."""
        return self.logits(self.backbone(inputs))

    def logits(self, embeddings: Tensor) -> Tensor:
        """Compute the logits (n,) of embeddings (n, D)."""
        logits: Tensor = self.head(self.standardise(embeddings)).squeeze(1)
        return logits

    def standardise(self, embeddings: Tensor) -> Tensor:
        """Shift and scale embeddings (n, D)."""
        return (embeddings - self.mean) / self.spread

    def set_standard(self, embeddings: Tensor) -> None:
        """Take mean and spread from embeddings (n, D)."""
        self.mean.copy_(embeddings.mean(0))
        self.spread.copy_(embeddings.std(0).clamp(min=1e-6))

    def freeze_all_but_last(self, n: int) -> None:
        """Fix the backbone's weights but those of its last ``n`` layers.

        A layer is a module with weights of its own; their order is the one in which the backbone
        defines them, which is that of the forward pass.

        Raises
        ------
        ConfigError
            If the backbone has not so many.
        """
        layers = [
            module for module in self.backbone.modules() if list(module.parameters(recurse=False))
        ]
        if n >= len(layers):
            raise ConfigError(
                f"training.finetune.last_layers: {n}, but the network has {len(layers)} layers in"
                " all; use fewer, or the mode `full`"
            )
        self.backbone.requires_grad_(False)
        for layer in layers[-n:]:
            layer.requires_grad_(True)


def split_scores(
    values: Tensor,
    target: Tensor,
    mass: npt.NDArray[np.floating] | None = None,
    jets: npt.NDArray[np.int64] | None = None,
) -> Scores:
    """Part scores (n,), and if given the jets' masses and their numbers (n,), by targets (n,).

    Raises
    ------
    TrainingError
        If a score is not a number: it would count as higher or lower than all others.
    """
    scores, signal = values.double().cpu().numpy(), (target == 1).cpu().numpy()
    if n_bad := int(np.isnan(scores).sum()):
        raise TrainingError(
            f"{n_bad} of {len(scores)} scores are not numbers: look for extreme values in the"
            " dataset with `rs3l-data validate`, or train with a lower learning rate"
        )
    background_mass = None if mass is None else np.asarray(mass[~signal], np.float64)
    of_signal, of_background = (None, None) if jets is None else (jets[signal], jets[~signal])
    return Scores(scores[signal], scores[~signal], background_mass, of_signal, of_background)
