"""What a view changes against the view that it is a version of, and whether that is expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from rs3l_data.describe.config import Config
from rs3l_data.describe.process import FLAVOURS
from rs3l_data.store.reader import Dataset
from rs3l_data.validation.paired import PEAK, Pair
from rs3l_data.validation.theory import ALWAYS, Expected, expectations
from rs3l_data.validation.verdicts import Test

MEAN_MASS = "mass"
"""Of jets from quarks and gluons, as the catalogue has it; that of a resonance is its peak's"""

_CLEAR = 3.0
"""Standard deviations from which a change counts as seen"""


@dataclass(frozen=True, slots=True)
class Change:
    """How a quantity of a view differs from that of the view it is a version of."""

    view: str
    base: str
    process: str
    quantity: str
    reference: float
    """The quantity in ``base``: its mean, or the position of the peak"""
    shift: float
    """Mean of the paired differences, in the quantity's unit"""
    error: float
    n_jets: int
    freedom: float
    """Degrees of freedom that the error was estimated with"""
    expected: Expected | None
    tolerance: float
    """Relative; for `same`"""

    @property
    def significance(self) -> float:
        """The shift in units of its error."""
        if self.error > 0:
            return self.shift / self.error
        return 0.0 if self.shift == 0 else float(np.copysign(np.inf, self.shift))

    @property
    def p(self) -> float:
        """Probability of a shift so far against what is expected."""
        # The error is an estimate, too: far out in the tails, Gauss's would be too small by far.
        student = t(self.freedom)
        match self.expected:
            case "up":
                return float(student.cdf(self.significance))
            case "down":
                return float(student.sf(self.significance))
            case "same":
                beyond = abs(self.shift) - self.tolerance * abs(self.reference)
                return float(student.sf(beyond / max(self.error, 1e-12)))
            case _:
                return float(2 * student.sf(abs(self.significance)))

    @property
    def finding(self) -> str:
        """Say in words how the shift fits what is expected, chance apart."""
        if self.expected is None:
            return "no expectation"
        if self.expected in ("nothing", "same"):
            return "compatible" if self.p > norm.sf(_CLEAR) else "shifted"
        sign = self.significance if self.expected == "up" else -self.significance
        if sign > _CLEAR:
            return "seen"
        return "contradicted" if sign < -_CLEAR else "too few events to tell"


def changes(config: Config, dataset: Dataset) -> list[Change]:
    """Measure what each view but the first changes, in every process."""
    found: list[Change] = []
    for view in config.validation.views or config.views:
        base = config.views[view].of or next(iter(config.views))
        if view == base:
            continue
        expected = expectations(config, view, base)
        for process in dataset.processes:
            part = dataset.select(processes=process)
            pair = Pair.read(part, view, base)
            partons = {*config.processes[process].initiators} <= {*FLAVOURS}
            for quantity in dict.fromkeys([*ALWAYS, *expected]):
                if quantity == (PEAK if partons else MEAN_MASS):
                    continue
                measured = pair.measure(quantity)
                if measured is not None:
                    found.append(
                        Change(
                            view,
                            base,
                            process,
                            quantity,
                            *measured,
                            expected.get(quantity),
                            config.validation.same_within,
                        )
                    )
    return found


def tests(found: list[Change]) -> Iterator[Test]:
    """Make a test of every change that something is expected of."""
    for one in found:
        if one.expected is not None:
            yield Test(
                "variations",
                one.view,
                one.process,
                one.quantity,
                f"paired, expected {one.expected}",
                one.significance,
                one.p,
                uniform=one.expected == "nothing",
                detail={"shift": one.shift, "error": one.error, "reference": one.reference},
            )
