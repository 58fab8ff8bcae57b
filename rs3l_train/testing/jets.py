"""Jets made up for tests: they look like jets, and mean nothing."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rs3l_data.describe.schema import Category
from rs3l_train.views.inputs import JetInputs
from rs3l_train.views.memory import PADDING, Batch
from rs3l_train.views.reading import CONSTITUENT_COLUMNS

CONE = 0.25
"""Spread of the constituents in η and φ about their jet"""
TRACK_ERROR = 0.05
"""Of both impact parameters [mm]"""
NEUTRAL = (Category.PHOTON, Category.NEUTRAL_HADRON)


def drawn_inputs(n_jets: int, places: int, n_inputs: int, seed: int) -> JetInputs:
    """Draw what a network is shown: features of order one, the first jet with one constituent."""
    generator = torch.Generator().manual_seed(seed)
    mask = _mask(n_jets, places, generator)
    features = torch.randn(n_jets, places, n_inputs, generator=generator)
    pt = _falling(n_jets, places, generator)
    angles = CONE * torch.randn(n_jets, places, 2, generator=generator)
    inside = mask[..., None]
    momenta = torch.cat([pt[..., None], angles], -1)
    return JetInputs(features * inside, momenta * inside, mask)


def drawn_batch(rows: Tensor, places: int, n_labels: int, seed: int) -> Batch:
    """Draw a view for each entry: views of one jet have its direction and its label in common.

    Parameters
    ----------
    rows
        (n,) which jet each entry is a view of.
    """
    generator = torch.Generator().manual_seed(seed)
    n = len(rows)
    mask = _mask(n, places, generator)
    pt = _falling(n, places, generator)
    drawn = torch.randn(6, n, places, generator=generator)
    category = torch.randint(0, len(Category), (n, places), generator=generator)
    charged = ~torch.isin(category, torch.tensor([int(one) for one in NEUTRAL]))
    direction = torch.randn(int(rows.max()) + 1, 2, generator=generator)[rows]
    eta = direction[:, :1] + CONE * drawn[0]
    columns = {
        "pt": pt,
        "eta": eta,
        "phi": torch.remainder(direction[:, 1:] + CONE * drawn[1], 2 * math.pi),
        "energy": pt * eta.cosh(),
        "category": category.float(),
        "charge": charged * drawn[2].sign(),
        "d0": charged * TRACK_ERROR * drawn[3],
        "d0_error": charged * torch.full_like(pt, TRACK_ERROR),
        "dz": charged * TRACK_ERROR * drawn[4],
        "dz_error": charged * torch.full_like(pt, TRACK_ERROR),
    }
    total = (pt * mask).sum(1)
    jets = {
        "pt": total,
        "eta": direction[:, 0],
        "phi": torch.remainder(direction[:, 1], 2 * math.pi),
        "mass": CONE * total,
        "label": (rows % n_labels).float(),
    }
    padded = {
        name: columns[name].masked_fill(~mask, float(PADDING.get(name, 0)))
        for name in CONSTITUENT_COLUMNS
    }
    return Batch(padded, mask, jets)


def _mask(n: int, places: int, generator: torch.Generator) -> Tensor:
    """Draw the numbers of constituents: from one, in the first jet, to all places, in the last."""
    counts = torch.randint(1, places + 1, (n,), generator=generator)
    counts[0], counts[-1] = 1, places
    return torch.arange(places) < counts[:, None]


def _falling(n: int, places: int, generator: torch.Generator) -> Tensor:
    """Draw transverse momenta [GeV] that fall from place to place."""
    return (2 + torch.randn(n, places, generator=generator)).exp().sort(1, descending=True).values
