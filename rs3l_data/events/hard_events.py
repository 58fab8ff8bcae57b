"""The hard events of a chunk, as arrays, and what their generation says about the process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.events.weights import Weights

INCOMING = -21
"""Pythia's status code of the incoming partons of the hard process"""


@dataclass(frozen=True, slots=True)
class HardRun:
    """What one run of the hard process says beside its events."""

    process: str
    seed: int
    """Seed of the dataset"""
    cross_section_mb: float
    cross_section_error_mb: float
    n_tried: int
    """Number of phase-space points tried, which is this run's statistical power"""
    n_accepted: int
    sum_of_weights: float


@dataclass(frozen=True, slots=True)
class HardEvents:
    """Hard events, one row each, and their particles.

    Event ``i`` owns the slice ``offsets[i]:offsets[i + 1]`` of every particle column. The columns
    are those of `schema.HARD_EVENTS` and `schema.HARD_PARTICLES`, momenta in float64, so that a
    shower restarted from here starts from the same numbers as one that never stopped.

    Raises
    ------
    ValueError
        If the columns and the offsets do not belong together.
    """

    events: dict[str, npt.NDArray[Any]]
    """(n_events,) each"""
    particles: dict[str, npt.NDArray[Any]]
    """(n_particles,) each"""
    offsets: npt.NDArray[np.int64]
    """(n_events + 1,)"""
    weights: Weights | None = None
    """Further weights of each event, n_events rows, if its generator gave any"""

    def __post_init__(self) -> None:
        if len(self.offsets) == 0 or self.offsets[0] != 0 or np.any(np.diff(self.offsets) < 0):
            raise ValueError("offsets must be one array that starts at 0 and never falls")
        for table, length in ((self.events, len(self)), (self.particles, int(self.offsets[-1]))):
            for name, column in table.items():
                if column.shape != (length,):
                    raise ValueError(
                        f"column '{name}' has shape {column.shape}, but the offsets say ({length},)"
                    )
        if self.weights is not None and len(self.weights) != len(self):
            raise ValueError(f"{len(self.weights)} rows of weights, but {len(self)} events")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, rows: slice) -> HardEvents:
        """Cut a run of events out, without a copy of the columns.

        Raises
        ------
        ValueError
            If the slice has a step other than 1.
        """
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise ValueError(f"hard events are sliced with step 1, found {step}")
        offsets = self.offsets[start : max(start, stop) + 1]
        inside = slice(offsets[0], offsets[-1])
        return HardEvents(
            {name: column[start : max(start, stop)] for name, column in self.events.items()},
            {name: column[inside] for name, column in self.particles.items()},
            offsets - offsets[0],
            None if self.weights is None else self.weights[start : max(start, stop)],
        )
