"""The further weights of events, other scales or parton densities, that their generator gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Weights:
    """Several weights of each row.

    Raises
    ------
    ValueError
        If names, meanings and values do not belong together.
    """

    names: tuple[str, ...]
    """As the generator calls them, the ``id`` of Les Houches files"""
    meanings: tuple[str, ...]
    """What the generator says of each, possibly nothing"""
    values: npt.NDArray[np.float64]
    """(n_rows, n_weights)"""

    def __post_init__(self) -> None:
        n = len(self.names)
        if len(set(self.names)) != n or len(self.meanings) != n:
            raise ValueError(f"expected one meaning for each of {n} different names")
        if self.values.ndim != 2 or self.values.shape[1] != n:
            raise ValueError(f"{n} names, but values of shape {self.values.shape}")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice | npt.NDArray[np.int64]) -> Weights:
        """Choose rows."""
        return Weights(self.names, self.meanings, self.values[rows])
