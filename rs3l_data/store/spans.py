"""Rows that lie far apart are read in spans, so that what lies between them is not read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rs3l_data.store.tables import I8

Span = tuple[int, int]
"""The indices from the first number to below the second"""


def spans_of(rows: I8, far: int) -> list[Span]:
    """Cover rows, which rise, by spans that end where the next row is more than ``far`` away.

    Returns
    -------
    list
        One span at least.

    >>> spans_of(np.array([3, 5, 90_000]), 2048)
    [(3, 6), (90000, 90001)]
    """
    if len(rows) == 0:
        return [(0, 0)]
    if rows[-1] - rows[0] < len(rows) + far:
        return [(int(rows[0]), int(rows[-1]) + 1)]
    gaps = np.flatnonzero(np.diff(rows) > far)
    starts = [rows[0], *rows[gaps + 1]]
    stops = [*rows[gaps], rows[-1]]
    return [(int(start), int(stop) + 1) for start, stop in zip(starts, stops, strict=True)]


def indices_of(spans: Sequence[Span]) -> I8:
    """List the indices that spans cover.

    >>> indices_of([(3, 6), (9, 10)])
    array([3, 4, 5, 9])
    """
    return np.concatenate([np.arange(start, stop) for start, stop in spans])
