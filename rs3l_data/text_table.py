"""A table as lines of text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def aligned(rows: Iterable[Sequence[str]], to_left: Sequence[bool] | None = None) -> list[str]:
    """Set the cells of rows under one another, two spaces between columns.

    Parameters
    ----------
    to_left
        Of each column, whether it is set to the left; by default all are.

    >>> aligned([["view", "jets"], ["nominal", "12"]], [True, False])
    ['view     jets', 'nominal    12']
    """
    table = [*rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    left = to_left or [True] * len(widths)
    return [
        "  ".join(
            cell.ljust(width) if first else cell.rjust(width)
            for cell, width, first in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in table
    ]
