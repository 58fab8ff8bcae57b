"""Dense layers, one after the other."""

from __future__ import annotations

from itertools import pairwise

from torch import nn


def perceptron(widths: tuple[int, ...], activation: type[nn.Module]) -> nn.Sequential:
    """Linear layers with an activation between them, none after the last."""
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(widths)):
        layers += [activation()] if i else []
        layers.append(nn.Linear(before, after))
    return nn.Sequential(*layers)
