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


def pair_features(momenta: Tensor) -> Tensor:
    """Compute ln ΔR, ln kT, ln z and ln m² of all pairs of constituents.

    With a and b massless,

        ΔR = √((η_a - η_b)² + (φ_a - φ_b)²),  kT = min(pT_a, pT_b) ΔR,
        z = min(pT_a, pT_b) / (pT_a + pT_b),
        m² = 2 pT_a pT_b (cosh(η_a - η_b) - cos(φ_a - φ_b)),

    the last written by sinh² and sin² of half the angles, which lose no digits for collinear pairs.

    Parameters
    ----------
    momenta
        (n, P, 3): pT [GeV], Δη, Δφ, as in `JetInputs`.

    Returns
    -------
    (n, P, P, 4), symmetric in the pair and of order one; 0 where the momentum of one is unknown,
    its pT being 0.
    """
    pt, deta, dphi = momenta.unbind(-1)
    known = (pt > 0)[:, :, None] & (pt > 0)[:, None, :]
    pt = torch.where(pt > 0, pt, 1.0)
    first, second = pt[:, :, None], pt[:, None, :]
    eta = deta[:, :, None] - deta[:, None, :]
    phi = dphi[:, :, None] - dphi[:, None, :]
    softer = torch.minimum(first, second)
    distance = (eta.square() + phi.square()).sqrt().clamp(min=SMALLEST_ANGLE)
    # (cosh η - cos φ) / 2
    opening = (eta / 2).sinh().square() + (phi / 2).sin().square()
    logarithms = (
        distance.log(),
        (softer * distance).log(),
        (softer / (first + second)).log(),
        (4 * first * second * opening.clamp(min=SMALLEST_ANGLE**2 / 4)).log(),
    )
    scaled = [
        (value - centre) / spread
        for value, centre, spread in zip(logarithms, CENTRES, SPREADS, strict=True)
    ]
    return torch.stack(scaled, dim=-1) * known[..., None]
