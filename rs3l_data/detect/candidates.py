"""The particle-flow candidates that leave the detector and enter the jets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from rs3l_data.offsets import offsets_of

F8 = npt.NDArray[np.float64]
F4 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Particle-flow candidates of a batch of events, as flat arrays.

    Event ``i`` owns the slice ``offsets[i]:offsets[i + 1]`` of every column.
    """

    offsets: npt.NDArray[np.int64]
    """(n_events + 1,)"""
    px: F8
    """[GeV]"""
    py: F8
    """[GeV]"""
    pz: F8
    """[GeV]"""
    energy: F8
    """[GeV]"""
    category: npt.NDArray[np.uint8]
    """`rs3l_data.describe.schema.Category`"""
    charge: npt.NDArray[np.int8]
    """[e]"""
    d0: F4
    """Signed transverse impact parameter, 0 without a track [mm]"""
    d0_error: F4
    """[mm]"""
    dz: F4
    """Longitudinal impact parameter, 0 without a track [mm]"""
    dz_error: F4
    """[mm]"""


_COLUMNS = tuple(field.name for field in fields(Candidates) if field.name != "offsets")
_MOMENTUM = ("px", "py", "pz", "energy")


def weighted(candidates: Candidates, weight: F8) -> Candidates:
    """Scale the four-momenta, and drop the candidates of weight 0.

    Parameters
    ----------
    weight : (n_candidates,)
        In [0, 1].
    """
    kept = np.flatnonzero(weight > 0.0)
    columns = {name: getattr(candidates, name)[kept] for name in _COLUMNS}
    for name in _MOMENTUM:
        columns[name] = columns[name] * weight[kept]
    return Candidates(np.searchsorted(kept, candidates.offsets).astype(np.int64), **columns)


def join(batches: Sequence[Candidates]) -> Candidates:
    """Put the events of several batches, at least one, after one another."""
    counts = [np.diff(batch.offsets) for batch in batches]
    return Candidates(
        offsets_of(np.concatenate(counts)),
        **{name: np.concatenate([getattr(b, name) for b in batches]) for name in _COLUMNS},
    )
