"""What a view changes against the view that it is a version of, jet by jet.

Both have the same hard events, so their difference is paired: what the events have in common drops
out. What theory expects of a variation stands in the catalogue (`expect`); a view without any
variation is expected to change nothing but random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from rs3l_data.describe.branch import branch_settings, pileup_of, tune_of
from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.config import Config
from rs3l_data.describe.owned import parameter
from rs3l_data.describe.process import FLAVOURS
from rs3l_data.describe.tree import shower_of
from rs3l_data.describe.variation import known_variation, points
from rs3l_data.report.histograms import F8
from rs3l_data.report.observables import values
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, Columns
from rs3l_data.validation.statistics import weighted_mean
from rs3l_data.validation.verdicts import Test

Expected = Literal["up", "down", "same", "nothing"]
"""`nothing`: no difference at all; `same`: none beyond the tolerance"""

PEAK = "softdrop_mass"
"""Of jets from resonances; quarks and gluons have no peak"""
MEAN_MASS = "mass"
"""Of jets from quarks and gluons, as the catalogue has it; that of a resonance is its peak's"""
RESPONSE = "pt"
ALWAYS = ("n_constituents", RESPONSE, PEAK)
"""What is shown of every view, with or without an expectation"""

_WINDOW = 0.15
"""Half width of the window about the peak, in units of its position"""
_GROUPS = 25
_LEAST_IN_PEAK = 50
_LEAST_JETS = 20
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


def expectations(config: Config, view: str, base: str) -> dict[str, Expected]:
    """Say what is expected of a view: by the catalogue, or nothing at all where nothing changes.

    Of what a config itself changes, pile-up included, nothing is known, nor how another program's
    shower differs from ours.
    """
    own = config.views[view]
    roots = {shower_of(config.views, name) for name in (view, base)}
    if len(roots) > 1 and any(config.views[root].hepmc for root in roots):
        return {}
    # A view that shares nothing but the hard event differs in all that its base changes, too.
    alone = own.of is not None or (
        config.views[base].variation is None and not config.views[base].detector
    )
    same_crossing = pileup_of(config, view) == pileup_of(config, base)
    if own.detector or not alone or not same_crossing:
        return {}
    if not isinstance(own.variation, str | None):
        return {}
    if own.variation is None:
        return dict.fromkeys(ALWAYS, "nothing")
    known = entry("variations", own.variation)
    # Some changes are told against a tune, and say nothing about any other.
    if known.get("reference", tune := tune_of(config, base)) != tune:
        return {}
    if _starts_elsewhere(config, own.variation, base):
        return {}
    expected: dict[str, Expected] = known.get("expect", {})
    return expected


def _starts_elsewhere(config: Config, name: str, base: str) -> bool:
    """Say whether a step in the hadronisation starts from other values than its entry means.

    The entries are steps away from Monash; a tune that sets the same parameters, as Vincia's does,
    can lie on the other side of the step.
    """
    known = known_variation(name)
    if known.tune or not known.settings or "hadronization" not in points(known):
        return False
    lines = [
        *entry("tunes", tune_of(config, base))["settings"],
        *config.generator.settings,
        *branch_settings(config, base),
    ]
    before = {parameter(line) for line in lines}
    return "vincia:tune" in before or bool(before & {parameter(line) for line in known.settings})


@dataclass(frozen=True, slots=True)
class Pair:
    """The jets that both views have, row by row."""

    view: Columns
    base: Columns
    weights: F8
    events: I8
    """0 to n - 1"""
    masses: F8
    """Of the initiators [GeV]"""

    @classmethod
    def read(cls, dataset: Dataset, view: str, base: str) -> Pair:
        """Read the jets of two views of one process."""
        tables = dataset.jets(view), dataset.jets(base)
        both = tables[0]["present"] & tables[1]["present"]
        columns = dataset.initiators
        _, events = np.unique(columns["event"][both], return_inverse=True)
        return cls(
            view={name: column[both] for name, column in tables[0].items()},
            base={name: column[both] for name, column in tables[1].items()},
            weights=np.asarray(columns["weight"][both], np.float64),
            events=events.astype(np.int64),
            masses=np.asarray(columns["mass"][both], np.float64),
        )

    def measure(self, quantity: str) -> tuple[float, float, float, int, float] | None:
        """Measure a change: value in the base, shift, its error, number of jets, of freedoms.

        Nothing where there are too few jets.
        """
        if quantity == PEAK:
            return self._peak()
        view, base = (_values(quantity, table) for table in (self.view, self.base))
        known = np.isfinite(view) & np.isfinite(base)
        if known.sum() < _LEAST_JETS:
            return None
        view, base = view[known], base[known]
        weights, events = self.weights[known], self.events[known]
        shift, error = weighted_mean(view - base, weights, events)
        reference = float(np.average(base, weights=weights))
        # Large weights decide alone, so that many small ones do not make the error known well.
        of_events = np.bincount(events, weights)
        freedom = float(of_events.sum() ** 2 / np.sum(of_events**2)) - 1
        return reference, shift, error, int(known.sum()), freedom

    def _peak(self) -> tuple[float, float, float, int, float] | None:
        inside = self.view["contained"] & self.base["contained"]
        masses = [np.asarray(table[PEAK], np.float64)[inside] for table in (self.base, self.view)]
        start = float(np.median(self.masses)) if len(self.masses) else 0.0
        weights, events = self.weights[inside], self.events[inside]

        def positions(chosen: npt.NDArray[np.bool_]) -> F8:
            found = [peak_position(m[chosen], weights[chosen], start) for m in masses]
            return np.array(found)

        n_jets = int(np.sum(np.abs(masses[0] / start - 1) < _WINDOW)) if start > 0 else 0
        if n_jets < _LEAST_IN_PEAK:
            return None
        base, view = positions(np.ones(len(events), bool))
        error = jackknife(lambda chosen: float(np.diff(positions(chosen))[0]), events)
        return float(base), float(view - base), error, n_jets, _GROUPS - 1


def peak_position(mass: F8, weights: F8, start: float) -> float:
    """Find a peak [GeV]: the mean within ±15 % of itself.

    This is where the density, smoothed with Epanechnikov's kernel of that width, is highest (mean
    shift: Fukunaga, Hostetler, IEEE Trans. Inf. Theory 21 (1975) 32), so tails do not move it.

    Parameters
    ----------
    mass, weights : (n,)
    start
        Where to look first [GeV].
    """
    centre = start
    for _ in range(100):
        inside = np.abs(mass - centre) < _WINDOW * centre
        if not inside.any():
            return centre
        following = float(np.average(mass[inside], weights=weights[inside]))
        if abs(following - centre) < 1e-6 * centre:
            return following
        centre = following
    return centre


def jackknife(measure: Callable[[npt.NDArray[np.bool_]], float], events: I8) -> float:
    """Estimate an error by leaving out one of 25 groups of events at a time.

    (Miller, Biometrika 61 (1974) 1.)

    Parameters
    ----------
    measure
        Computes the quantity from a mask of the rows, (n,).
    events : (n,)
        0 to n - 1; an event is left out with all its rows.
    """
    group = events % _GROUPS
    left = np.array([measure(group != i) for i in range(_GROUPS)])
    return float(np.sqrt((_GROUPS - 1) / _GROUPS * np.sum((left - left.mean()) ** 2)))


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


def _values(quantity: str, jets: Columns) -> F8:
    if quantity == RESPONSE:
        return np.asarray(jets["pt"] / jets["initiator_pt"], np.float64)
    return values(quantity, jets)
