"""What two constituents are to each other: the pair features of the particle transformer.

arXiv:2202.03772, eq. 3, for massless constituents. Energies would add |eta| to what the network
sees (see `docs/training.md`), and the pair's mass by its four-momenta rounding errors of order
E² ε, which grow with |eta| too.
"""

from __future__ import annotations

import torch
from torch import Tensor

N_PAIR_FEATURES = 4

# Far below the angular resolution of any detector: no logarithm diverges.
SMALLEST_ANGLE = 1e-4

# Where ln ΔR, ln kT, ln z and ln m² lie in the jets of the demo, and how far they spread: fixed
# numbers, so that a trained network does not depend on the dataset that it was trained on.
CENTRES = (-1.5, -0.5, -1.6, 0.3)
SPREADS = (1.0, 1.0, 0.9, 2.0)


def pair_features(first: Tensor, second: Tensor) -> Tensor:
    """Compute ln ΔR, ln kT, ln z and ln m² of pairs of constituents.

    With a and b massless,

        ΔR = √((η_a - η_b)² + (φ_a - φ_b)²),  kT = min(pT_a, pT_b) ΔR,
        z = min(pT_a, pT_b) / (pT_a + pT_b),
        m² = 2 pT_a pT_b (cosh(η_a - η_b) - cos(φ_a - φ_b)),

    the last written by sinh² and sin² of half the angles, which lose no digits for collinear pairs.

    Parameters
    ----------
    first, second
        (..., 3) each: pT [GeV], Δη, Δφ, as in `JetInputs`.

    Returns
    -------
    (..., 4), symmetric in the pair bit for bit, and of order one; 0 where the momentum of one is
    unknown, its pT being 0.
    """
    known = (first[..., 0] > 0) & (second[..., 0] > 0)
    pt_a = torch.where(first[..., 0] > 0, first[..., 0], 1.0)
    pt_b = torch.where(second[..., 0] > 0, second[..., 0], 1.0)
    eta = first[..., 1] - second[..., 1]
    phi = first[..., 2] - second[..., 2]
    softer = torch.minimum(pt_a, pt_b)
    distance = (eta.square() + phi.square()).sqrt().clamp(min=SMALLEST_ANGLE)
    # (cosh η - cos φ) / 2
    opening = (eta / 2).sinh().square() + (phi / 2).sin().square()
    logarithms = (
        distance.log(),
        (softer * distance).log(),
        (softer / (pt_a + pt_b)).log(),
        (4 * (pt_a * pt_b) * opening.clamp(min=SMALLEST_ANGLE**2 / 4)).log(),
    )
    scaled = [
        (value - centre) / spread
        for value, centre, spread in zip(logarithms, CENTRES, SPREADS, strict=True)
    ]
    return torch.stack(scaled, dim=-1) * known[..., None]
