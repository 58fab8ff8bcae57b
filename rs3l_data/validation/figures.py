"""Figures of all p-values, and of what views change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from rs3l_data.report.pictures import Picture
from rs3l_data.report.style import grid, picture, process_lines
from rs3l_data.store.reader import Dataset
from rs3l_data.validation.theory import ALWAYS
from rs3l_data.validation.variations import Change
from rs3l_data.validation.verdicts import Test, limit, uniform_p

_GREEN, _RED, _GREY = "#1a7f37", "#b3261e", "0.8"
_TITLES = {
    "n_constituents": "number of constituents",
    "pt": "jet pT over initiator pT",
    "softdrop_mass": "position of the mass peak",
}


def p_values(tests: Sequence[Test], threshold: float) -> Picture:
    """Draw the distribution of the p-values, and the smallest against what chance gives."""
    p = uniform_p(tests)
    bound = limit(tests, threshold)
    figure, (left, right) = grid(2, 2, 4.6, 3.6)
    n_bins = 20
    counts, edges = np.histogram(p, n_bins, (0, 1))
    level = len(p) / n_bins
    left.axhspan(level - np.sqrt(level), level + np.sqrt(level), color=_GREY, linewidth=0)
    left.axhline(level, color="black", linewidth=0.8)
    left.stairs(counts, edges, color="#3f90da", linewidth=1.5)
    left.set(xlabel="p-value", ylabel="tests", xlim=(0, 1), ylim=(0, None))
    expected = -np.log10((np.arange(len(p)) + 0.5) / len(p))
    shown = -np.log10(np.maximum(p, 1e-30))
    highest = 1.05 * max(float(-np.log10(bound)), float(shown.max()))
    right.plot([0, highest], [0, highest], color="black", linewidth=0.8)
    bad = p < bound
    right.plot(expected[~bad], shown[~bad], ".", color=_GREEN, markersize=4)
    right.plot(expected[bad], shown[bad], ".", color=_RED, markersize=6)
    right.axhline(-np.log10(bound), color=_RED, linewidth=0.8, linestyle="--")
    right.set(xlabel=r"$-\log_{10}$ p expected by chance", ylabel=r"$-\log_{10}$ p found")
    right.set(xlim=(0, 1.05 * float(expected.max())), ylim=(0, highest))
    return picture(
        figure,
        "Histogram of all p-values, and found against expected p-values on logarithmic scales.",
        f"{len(p)} p-values that are uniform where nothing is wrong. Grey: the statistical error if"
        " they were independent; they are not quite, for quantities of a jet hang together and"
        " views share a one-pass sample. Exact tests of few events gather at 1."
        " Dashed: below this p-value (above the line) a test fails.",
    )


def variations(found: Sequence[Change], dataset: Dataset) -> Picture:
    """Draw the relative change of the chief quantities, view by view."""
    views = list(dict.fromkeys(one.view for one in found))
    colours = process_lines(dataset)
    figure, axes = grid(3, 3, 3.9, 1.3 + 0.42 * len(views), sharey=True)
    for own, quantity in zip(axes, ALWAYS, strict=True):
        mine = [one for one in found if one.quantity == quantity]
        _expectations(own, mine, views)
        for one in mine:
            offset = (dataset.processes.index(one.process) + 1) / (len(dataset.processes) + 1)
            y = views.index(one.view) + 0.35 - 0.7 * offset
            scale = 100 / abs(one.reference)
            own.errorbar(
                one.shift * scale,
                y,
                xerr=one.error * scale,
                fmt="o",
                color=colours[one.process]["color"],
                markersize=3,
                elinewidth=1,
            )
        own.axvline(0, color="black", linewidth=0.8)
        own.set(xlabel="change [%]", title=_TITLES[quantity])
        own.grid(axis="x", alpha=0.3, linewidth=0.5)
    axes[0].set_yticks(range(len(views)), views)
    axes[0].set_ylim(len(views) - 0.5, -0.5)
    handles = [
        axes[0].plot([], [], "o", color=colours[name]["color"], markersize=4)[0]
        for name in dataset.processes
    ]
    figure.legend(handles, dataset.processes, loc="outside lower center", ncols=6)
    return picture(
        figure,
        "Relative changes of constituents, response and peak position by view, one point for each"
        " process.",
        "Change of each view against the view that it is a version of, paired jet by jet. Green:"
        " the side, or the tolerance, that the points are expected in.",
    )


def _expectations(axes: Axes, found: Sequence[Change], views: Sequence[str]) -> None:
    """Shade, in each view's row, where its points are expected."""
    reach = max((abs(100 * one.shift / one.reference) for one in found), default=1.0)
    errors = max((abs(100 * one.error / one.reference) for one in found), default=0.0)
    reach = 1.15 * (reach + errors) or 1.0
    sides = {"up": (0.0, reach), "down": (-reach, 0.0)}
    for view in views:
        own = next((one for one in found if one.view == view), None)
        if own is None or own.expected is None:
            continue
        within = 0.02 * reach if own.expected == "nothing" else 100 * own.tolerance
        low, high = sides.get(own.expected, (-within, within))
        y = views.index(view)
        axes.fill_between([low, high], y - 0.42, y + 0.42, color=_GREEN, alpha=0.15, linewidth=0)
    axes.set_xlim(-reach, reach)
