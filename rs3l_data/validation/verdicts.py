"""What every test of the page reports, and which of many tests count as failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rs3l_data.validation.statistics import Result

Group = Literal["one-pass", "variations", "detector", "monte carlo"]
ANCHORS: dict[Group, str] = {
    "one-pass": "onepass",
    "variations": "variations",
    "detector": "detector",
    "monte carlo": "montecarlo",
}
"""Places on the page"""


@dataclass(frozen=True, slots=True)
class Test:
    """One test: what was compared, and how likely so large a difference is by chance."""

    group: Group
    subject: str
    """A view, or a species of particles"""
    process: str
    """A process, or a place in the detector"""
    quantity: str
    method: str
    statistic: float
    p: float
    uniform: bool
    """Whether p is uniform where nothing is wrong; it is not for a one-sided bound"""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """Name of the place on the page that shows it."""
        anchor = ANCHORS[self.group]
        return f"{anchor}-{self.process}" if self.group == "one-pass" else anchor


def of_result(group: Group, subject: str, process: str, quantity: str, found: Result) -> Test:
    """Make a test of what a comparison of two samples found."""
    numbers = found.method, found.statistic, found.p
    detail = dict(found.detail)
    return Test(group, subject, process, quantity, *numbers, uniform=True, detail=detail)


def limit(tests: Sequence[Test], threshold: float) -> float:
    """Give the p-value below which a test fails.

    Bonferroni: the threshold over the number of tests, so that the probability of a false alarm
    anywhere is at most ``threshold``, however the tests depend on one another.
    """
    return threshold / len(tests)


def failed(tests: Sequence[Test], threshold: float) -> list[Test]:
    """List the tests that fail, the worst first."""
    bound = limit(tests, threshold)
    return sorted((test for test in tests if test.p < bound), key=lambda test: test.p)


def uniform_p(tests: Sequence[Test]) -> npt.NDArray[np.float64]:
    """Collect the p-values that are uniform where nothing is wrong, rising."""
    return np.sort(np.array([test.p for test in tests if test.uniform], np.float64))
