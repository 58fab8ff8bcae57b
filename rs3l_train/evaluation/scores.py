"""What a tagger says of the jets of one view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rs3l_data.store.tables import I8
from rs3l_train.evaluation.roc import F8

Places = tuple[I8, I8]
"""Where the jets that two views have in common stand in the one and in the other, (n,) each"""


def in_common(one: I8 | None, other: I8 | None) -> Places:
    """Find the jets of one view that another has as well."""
    if one is None or other is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, first, second = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    return first, second


@dataclass(frozen=True, slots=True)
class Scores:
    """A tagger's scores in one view; signal is meant to score high."""

    signal: F8
    background: F8
    background_mass: F8 | None = None
    """Soft-drop mass of the background jets [GeV], NaN where it is not defined"""
    signal_jets: I8 | None = None
    """Which jets these are, by which they are found in another view; None: jets of their own"""
    background_jets: I8 | None = None
