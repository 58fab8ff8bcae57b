"""Rows that lie far apart are read in runs, so that what lies between them is not read."""

from __future__ import annotations

import numpy as np

from rs3l_data.store.tables import I8

# About as many rows as a chunk of a file holds: nearer ones are in the same or the next chunk.
FAR_JETS = 1 << 17
FAR_CONSTITUENTS = 2048


def runs_of(rows: I8, far: int) -> list[I8]:
    """Cut rows, which rise, where the next one is more than ``far`` away; one run at least.

    >>> [run.tolist() for run in runs_of(np.array([3, 5, 90_000]), 2048)]
    [[3, 5], [90000]]
    """
    if len(rows) == 0 or rows[-1] - rows[0] < len(rows) + far:
        return [rows]
    return np.split(rows, np.flatnonzero(np.diff(rows) > far) + 1)
