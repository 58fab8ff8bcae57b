"""Hand-made augmentations of jets, those of JetCLR (arXiv:2108.04253).

Its rotation is in `orientation`. Each jet of a batch is changed on its own.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from rs3l_train.views.memory import Batch

# Softer constituents are smeared as if they had this pT [GeV], as in JetCLR's code.
SOFTEST = 0.1
# No part of a split constituent has less than this part of its momentum: its logarithm is an input.
LEAST_FRACTION = 0.01


def translated(
    deta: Tensor, dphi: Tensor, mask: Tensor, size: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Shift each jet in η and in φ, uniformly in ± ``size`` times its extent in each.

    Parameters
    ----------
    deta, dphi, mask
        (n, P); angles that were turned before: the extent would tell how the jet lay.
    """
    first, second = (
        angle + size * _extent(angle, mask) * (2 * _uniform((len(angle), 1), angle, generator) - 1)
        for angle in (deta, dphi)
    )
    return first, second


def soft_smearing(batch: Batch, width: float, generator: torch.Generator) -> Batch:
    """Shift each constituent in η and φ by normal numbers of standard deviation ``width`` / pT.

    As soft radiation would; pT stays, and the energy follows as that of a massless particle.

    Parameters
    ----------
    width
        Λ_soft [GeV]; 0.1 in JetCLR.
    """
    c = dict(batch.constituents)
    spread = width / c["pt"].clamp(min=SOFTEST) * batch.mask
    before = c["eta"]
    c["eta"] = before + spread * _normal(before, generator)
    c["phi"] = c["phi"] + spread * _normal(before, generator)
    c["energy"] = c["energy"] * c["eta"].cosh() / before.cosh()
    return replace(batch, constituents=c)


def collinear_splittings(batch: Batch, generator: torch.Generator) -> Batch:
    """Split constituents, drawn at random, in two of the same direction.

    As many as there are empty places in the jet's row, each at most once: pT and energy are shared
    in a uniform proportion, all else is the same for both. The result falls in pT again.
    """
    n, width = batch.mask.shape
    counts = batch.mask.sum(1, keepdim=True)
    place = torch.arange(width, device=batch.mask.device)
    lot = _uniform((n, width), batch.mask, generator).masked_fill(~batch.mask, torch.inf)
    # The i-th empty place takes its part from the constituent with the i-th lowest lot.
    nth = (place - counts).clamp(min=0)
    filled = (place >= counts) & (nth < counts)
    mother = lot.argsort(1).gather(1, nth)
    z = LEAST_FRACTION + (1 - 2 * LEAST_FRACTION) * _uniform((n, width), batch.mask, generator)
    kept = torch.ones_like(z).scatter_reduce(1, mother, torch.where(filled, z, 1.0), "prod")
    source = torch.where(filled, mother, place)
    share = torch.where(filled, 1 - z, kept)
    c = {name: column.gather(1, source) for name, column in batch.constituents.items()}
    mask = batch.mask | filled
    for name in ("pt", "energy"):
        c[name] = torch.where(mask, c[name] * share, c[name])
    order = c["pt"].masked_fill(~mask, -torch.inf).argsort(1, descending=True)
    return replace(
        batch,
        constituents={name: column.gather(1, order) for name, column in c.items()},
        mask=mask.gather(1, order),
    )


def _extent(angle: Tensor, mask: Tensor) -> Tensor:
    highest = angle.masked_fill(~mask, -torch.inf).amax(1, keepdim=True)
    lowest = angle.masked_fill(~mask, torch.inf).amin(1, keepdim=True)
    # Without any constituent it is 0, not minus infinity.
    return (highest - lowest).clamp(min=0)


def _uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=like.device)


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device)
