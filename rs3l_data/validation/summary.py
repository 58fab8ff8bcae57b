"""The summary on top of the page: the worst p-value of each view in each process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rs3l_data.validation.verdicts import ANCHORS, Group, Test, failed, limit

_GROUPS: dict[Group, str] = {
    "one-pass": "Views against one-pass Pythia",
    "variations": "Variations against what theory expects",
    "detector": "Detector against its card",
    "monte carlo": "Cross sections and spectra of the hard events",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one group of tests."""

    title: str
    anchor: str
    n: int
    n_failed: int
    lowest: str
    """The lowest p-value, as text"""
    worst: str
    """The test that has it"""


@dataclass(frozen=True, slots=True)
class Cell:
    """The tests of one view in one process."""

    text: str
    good: bool
    anchor: str
    title: str
    """What had the lowest p-value"""


def p_text(p: float) -> str:
    """Write a p-value.

    >>> p_text(0.0312), p_text(2.3e-7), p_text(0.0)
    ('0.031', '2.3e-07', '< 1e-99')
    """
    if p < 1e-99:
        return "< 1e-99"
    return f"{p:.2g}" if p >= 1e-3 else f"{p:.1e}"


def verdict_lines(tests: Sequence[Test], threshold: float) -> list[Line]:
    """Sum up each group of tests."""
    bad = failed(tests, threshold)
    lines = []
    for group, title in _GROUPS.items():
        own = [test for test in tests if test.group == group]
        if own:
            worst = min(own, key=lambda test: test.p)
            lines.append(
                Line(
                    *(title, ANCHORS[group], len(own)),
                    sum(test.group == group for test in bad),
                    p_text(worst.p),
                    f"{worst.subject}, {worst.process}: {worst.quantity} ({worst.method})",
                )
            )
    return lines


def cells(
    tests: Sequence[Test], processes: Sequence[str], threshold: float
) -> dict[str, list[Cell]]:
    """Lay out the lowest p-value of each view against one-pass Pythia, by process."""
    bound = limit(tests, threshold)
    own = [test for test in tests if test.group == "one-pass"]
    found: dict[str, list[Cell]] = {}
    for view in dict.fromkeys(test.subject for test in own):
        found[view] = []
        for process in processes:
            mine = [test for test in own if (test.subject, test.process) == (view, process)]
            worst = min(mine, key=lambda test: test.p)
            lowest = f"{worst.quantity} ({worst.method}), lowest of {len(mine)}"
            found[view].append(Cell(p_text(worst.p), worst.p >= bound, worst.anchor, lowest))
    return found
