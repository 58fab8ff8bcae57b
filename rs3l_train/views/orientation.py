"""Random rotations and reflections of jets about their axis.

All views of a jet share the orientation of its hard decay in (Δη, Δφ). A network can recognise
the views of one jet by it and learn nothing else; turning each view on its own takes that away.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def random_orientation(
    deta: Tensor, dphi: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Turn each jet by its own random angle and reflect every second one.

    Parameters
    ----------
    deta, dphi
        (n, P), relative to the jet axis
    """
    n = len(deta)
    angle = torch.rand(n, 1, generator=generator, device=deta.device) * (2 * math.pi)
    parity = torch.randint(0, 2, (n, 1), generator=generator, device=deta.device) * 2 - 1
    cosine, sine = angle.cos(), angle.sin()
    mirrored = dphi * parity
    return cosine * deta - sine * mirrored, sine * deta + cosine * mirrored
