"""The small networks between an embedding and a loss, thrown away after pretraining."""

from __future__ import annotations

from itertools import pairwise

from torch import nn


def projection(dimension: int, widths: tuple[int, ...] | None) -> nn.Module:
    """Build a perceptron from ``dimension`` features to the last of ``widths``; None: identity.

    Hidden layers are normalised for each jet (LayerNorm) where the papers normalise over the batch
    (BatchNorm), which would make a jet's projection depend on the other jets of its part of the
    batch.
    """
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise((dimension, *(widths or ())))):
        layers += [nn.LayerNorm(before), nn.ReLU()] if i else []
        layers.append(nn.Linear(before, after))
    return nn.Sequential(*layers)
