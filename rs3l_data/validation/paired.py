"""How a quantity differs between two views of the same hard events, jet by jet.

The difference is paired: what the events have in common drops out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs3l_data.report.histograms import F8
from rs3l_data.report.observables import values
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, Columns
from rs3l_data.validation.statistics import weighted_mean

PEAK = "softdrop_mass"
"""Of jets from resonances; quarks and gluons have no peak"""
RESPONSE = "pt"
"""Over the initiator's"""

_WINDOW = 0.15
"""Half width of the window about the peak, in units of its position"""
_GROUPS = 25
_LEAST_IN_PEAK = 50
_LEAST_JETS = 20


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
        shift, spread = weighted_mean(view - base, weights, events)
        reference = float(np.average(base, weights=weights))
        # Large weights decide alone, so that many small ones do not make the error known well.
        of_events = np.abs(np.bincount(events, weights))
        n = of_events.sum() ** 2 / np.sum(of_events**2)
        error = spread * float(np.sqrt(n / (n - 1)))
        return reference, shift, error, int(known.sum()), float(n - 1)

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


def _values(quantity: str, jets: Columns) -> F8:
    if quantity == RESPONSE:
        return np.asarray(jets["pt"] / jets["initiator_pt"], np.float64)
    return values(quantity, jets)
