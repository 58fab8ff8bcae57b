"""The particle-flow candidates that leave the detector and enter the jets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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

    @property
    def n_events(self) -> int:
        """Number of events in the batch."""
        return len(self.offsets) - 1
