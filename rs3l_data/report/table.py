"""A table of the page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, in rows; the template draws them.

    Raises
    ------
    ValueError
        If a row has not as many cells as the header.
    """

    header: list[str]
    rows: list[list[str]]
    text_columns: tuple[int, ...] = (0,)
    """Which columns hold words, and are aligned to the left"""
    title: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"{len(row)} cells in {row}, expected {len(self.header)}")
