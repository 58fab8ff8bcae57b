"""What networks see of the constituents, computed from physical quantities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from rs3l_data.describe.schema import Category
from rs3l_train.views.memory import Batch
from rs3l_train.views.orientation import random_orientation

# Lengths over which the coordinates vary inside a jet of R = 0.8, and the range of a significance:
# fixed numbers, so that a trained network does not depend on the dataset it was trained on.
ANGLE_SCALE = 0.4
LARGEST_SIGNIFICANCE = 1000.0
SIGNIFICANCE_SCALE = 4.0


class JetInputs(NamedTuple):
    """What a network sees of the jets of a batch."""

    features: Tensor
    """(n, P, F), 0 where padded"""
    momenta: Tensor
    """(n, P, 3): pT [GeV], Δη and Δφ to the jet's axis, turned as the features are; 0 where padded.
    A constituent with pT = 0 has no known momentum: who hides constituents from a network must
    hide them here too"""
    mask: Tensor
    """(n, P) bool, False where padded"""


def shortcut_free(batch: Batch, deta: Tensor, dphi: Tensor) -> Tensor:
    """Features that tell of the jet's radiation and flavour, of its |eta| nothing.

    log pT, log(pT/pT_jet), Δη, Δφ, ΔR, charge, the significances of the impact parameters, and the
    category: (n, P, 13), shifted and scaled to be of order one. The impact parameters themselves
    are left out: with their significances they would give the resolution, which grows with |eta|.
    They carry the sign of Δφ (d0) and of Δη (dz) before any rotation: that is the sign of the
    distance of flight along the jet axis (d0) and its opposite (dz), which no rotation or
    reflection of the jet may change.
    """
    c = batch.constituents
    axis_deta, axis_dphi = relative_angles(batch)
    d0, dz = c["d0"] * axis_dphi.sign(), c["dz"] * axis_deta.sign()
    return torch.stack(
        [
            (c["pt"].log() - 2) / 2,
            (_log_ratio(c["pt"], batch.jets["pt"]) + 4) / 2,
            deta / ANGLE_SCALE,
            dphi / ANGLE_SCALE,
            _length(deta, dphi) / ANGLE_SCALE,
            c["charge"],
            _significance(d0, c["d0_error"]),
            _significance(dz, c["dz_error"]),
            *(_is(batch, category) for category in Category),
        ],
        dim=-1,
    )


def rs3l(batch: Batch, deta: Tensor, dphi: Tensor) -> Tensor:
    """Features of the RS3L paper in its order, unscaled: (n, P, 15).

    log pT, log(pT/pT_jet), Δη, Δφ, log E, log(E/E_jet), charge, tanh d0, tanh dz (in mm), ΔR,
    then whether it is a photon, muon, electron, charged hadron, neutral hadron
    (arXiv:2403.07066). log pT and log E together give |eta|.
    """
    c = batch.constituents
    momentum = batch.jets["pt"] * batch.jets["eta"].cosh()
    return torch.stack(
        [
            c["pt"].log(),
            _log_ratio(c["pt"], batch.jets["pt"]),
            deta,
            dphi,
            c["energy"].log(),
            _log_ratio(c["energy"], _length(momentum, batch.jets["mass"])),
            c["charge"],
            c["d0"].tanh(),
            c["dz"].tanh(),
            _length(deta, dphi),
            _is(batch, Category.PHOTON),
            _is(batch, Category.MUON),
            _is(batch, Category.ELECTRON),
            _is(batch, Category.CHARGED_HADRON),
            _is(batch, Category.NEUTRAL_HADRON),
        ],
        dim=-1,
    )


INPUTS: dict[str, Callable[[Batch, Tensor, Tensor], Tensor]] = {
    "shortcut_free": shortcut_free,
    "rs3l": rs3l,
}
N_INPUTS = {"shortcut_free": 13, "rs3l": 15}


def network_inputs(
    batch: Batch,
    inputs: str,
    rotation: torch.Generator | None = None,
) -> JetInputs:
    """Compute what a network sees of a batch.

    Parameters
    ----------
    inputs
        A key of `INPUTS`.
    rotation
        Source of a random orientation for each jet of the batch; None leaves them as they are.
    """
    return inputs_at(batch, inputs, *orientated(batch, rotation))


def orientated(batch: Batch, rotation: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Compute Δη and Δφ of constituents to their jet's axis, turned at random: (n, P)."""
    deta, dphi = relative_angles(batch)
    return (deta, dphi) if rotation is None else random_orientation(deta, dphi, rotation)


def inputs_at(batch: Batch, inputs: str, deta: Tensor, dphi: Tensor) -> JetInputs:
    """Compute what a network sees of constituents that lie at these angles to their jet's axis."""
    features = INPUTS[inputs](batch, deta, dphi)
    momenta = torch.stack([batch.constituents["pt"], deta, dphi], dim=-1)
    inside = batch.mask[..., None]
    return JetInputs(features * inside, momenta * inside, batch.mask)


def relative_angles(batch: Batch) -> tuple[Tensor, Tensor]:
    """Compute Δη and Δφ, the latter in [-π, π), of constituents to their jet's axis: (n, P)."""
    deta = batch.constituents["eta"] - batch.jets["eta"][:, None]
    dphi = batch.constituents["phi"] - batch.jets["phi"][:, None]
    return deta, torch.remainder(dphi + math.pi, 2 * math.pi) - math.pi


def _is(batch: Batch, category: Category) -> Tensor:
    return (batch.constituents["category"] == category).float()


def _length(x: Tensor, y: Tensor) -> Tensor:
    # Not torch.hypot, which ONNX does not know.
    return (x.square() + y.square()).sqrt()


def _log_ratio(part: Tensor, whole: Tensor) -> Tensor:
    return part.log() - whole.log()[:, None]


def _significance(value: Tensor, error: Tensor) -> Tensor:
    """Squeeze value/error into a few units; 0 without a track, whose error is 0."""
    ratio = torch.where(error > 0, value / error.clamp(min=1e-12), 0.0)
    bounded = ratio.clamp(-LARGEST_SIGNIFICANCE, LARGEST_SIGNIFICANCE)
    return bounded.asinh() / SIGNIFICANCE_SCALE
