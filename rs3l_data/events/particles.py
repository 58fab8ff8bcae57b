"""The particles that leave the generator and enter the detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]

COLUMNS = ("pdg_id", "px", "py", "pz", "energy", "x", "y", "z")


@dataclass(frozen=True, slots=True)
class Particles:
    """Stable particles of a batch of events, as flat arrays.

    Event ``i`` owns the slice ``offsets[i]:offsets[i + 1]`` of every column.
    """

    offsets: npt.NDArray[np.int64]
    """(n_events + 1,)"""
    pdg_id: npt.NDArray[np.int32]
    px: F8
    """[GeV]"""
    py: F8
    """[GeV]"""
    pz: F8
    """[GeV]"""
    energy: F8
    """[GeV]"""
    x: F8
    """Production vertex, the primary vertex being the origin [mm]"""
    y: F8
    """[mm]"""
    z: F8
    """[mm]"""

    @property
    def n_events(self) -> int:
        """Number of events in the batch."""
        return len(self.offsets) - 1

    def cut(self, first: int, last: int) -> Particles:
        """Cut the events ``first`` to ``last`` out, without a copy of the columns."""
        offsets = self.offsets[first : last + 1]
        inside = slice(offsets[0], offsets[-1])
        columns = (getattr(self, name)[inside] for name in COLUMNS)
        return Particles(offsets - offsets[0], *columns)
