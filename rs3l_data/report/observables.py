"""Quantities of the jets that the report shows, and their bins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs3l_data.report.histograms import F8
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import Columns

COLUMNS = ("pt", "mass", "softdrop_mass", "n_constituents", "tau1", "tau2")
_SAMPLE = 20_000  # Rows that are looked at to choose ranges.
_MASS_MAX = 250.0
"""[GeV], of the masses' range, unless the jets of a process are heavier"""


@dataclass(frozen=True, slots=True)
class Observable:
    """A quantity of a jet."""

    name: str
    meaning: str
    symbol: str
    unit: str
    edges: F8
    """(n_bins + 1,) of its histogram"""

    @property
    def axis(self) -> str:
        """The label of its axis."""
        unit = f" [{self.unit}]" if self.unit else ""
        return f"{self.meaning} ${self.symbol}${unit}"

    @property
    def density_axis(self) -> str:
        """The label of the axis of its distribution."""
        unit = f" [1/{self.unit}]" if self.unit else ""
        return f"$(1/N)\\,dN/d{self.symbol}${unit}"

    @property
    def is_mass(self) -> bool:
        """Whether the masses of W, Z, H and top are worth a mark."""
        return "mass" in self.name


def values(name: str, jets: Columns) -> F8:
    """Compute an observable of jets, (n,); NaN where it is not defined."""
    if name == "tau21":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(jets["tau2"] / jets["tau1"], np.float64)
    return np.asarray(jets[name], np.float64)


def observables(dataset: Dataset) -> list[Observable]:
    """Choose bins: as fine as the number of jets allows, over the range that the jets fill.

    What no jet has is left out: a source that was converted may not know it.
    """
    sample = dataset[:: max(1, len(dataset) // _SAMPLE)]
    jets = sample.jets(dataset.views[0], ["present", *COLUMNS])
    present = jets["present"]
    n_bins = number_of_bins(dataset)
    low_pt, high_pt = _range(jets["pt"][present], 50)
    highest = _range(jets["n_constituents"][present], 10)[1]
    # Whole numbers need bins of whole widths, or some hold one number more than others.
    width = max(1, math.ceil(highest / n_bins))
    whole = np.arange(0, highest + width, width) - 0.5
    process = sample.initiators["process"][present]
    masses = np.linspace(0, _highest_mass(jets["mass"][present], process), n_bins + 1)
    pts = np.linspace(low_pt, high_pt, n_bins + 1)
    shown = [
        Observable("mass", "jet mass", "m", "GeV", masses),
        Observable("softdrop_mass", "soft-drop mass", r"m_{\mathrm{SD}}", "GeV", masses),
        Observable(
            "tau21", "N-subjettiness ratio", r"\tau_{21}", "", np.linspace(0, 1, n_bins + 1)
        ),
        Observable("n_constituents", "number of constituents", "n", "", whole),
        Observable("pt", "jet", r"p_{\mathrm{T}}", "GeV", pts),
    ]
    if not present.any():
        return shown
    return [one for one in shown if np.isfinite(values(one.name, jets)[present]).any()]


def number_of_bins(dataset: Dataset) -> int:
    """Take twice the cube root of the number of jets in a typical process (Rice's rule).

    It stays between 15 and 50.
    """
    return int(np.clip(2 * (len(dataset) / len(dataset.processes)) ** (1 / 3), 15, 50))


def _highest_mass(mass: npt.NDArray[np.floating], process: npt.NDArray[np.integer]) -> float:
    """Find where nearly all jets of every process lie below, rounded up to 50 GeV."""
    tops = [float(np.quantile(mass[process == i], 0.95)) for i in np.unique(process)]
    # What is no number, where the masses are not known, is not the largest.
    return 50.0 * math.ceil(max([_MASS_MAX, *tops]) / 50)


def _range(found: npt.NDArray[np.generic], step: float) -> tuple[float, float]:
    """Find where all but the outermost of the values lie, rounded outwards to whole steps."""
    if len(found) == 0:
        return 0.0, step
    low, high = np.quantile(np.asarray(found, np.float64), [0.002, 0.998])
    return step * math.floor(low / step), step * max(1, math.floor(high / step) + 1)
