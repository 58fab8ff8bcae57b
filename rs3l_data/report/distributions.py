"""Distributions of the jets' quantities: processes compared, and views with their ratios."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rs3l_data.report.histograms import Histogram, Paired, bin_index, squares_of_events
from rs3l_data.report.observables import COLUMNS, Observable, values
from rs3l_data.report.pictures import Picture
from rs3l_data.report.ratios import draw_ratios
from rs3l_data.report.style import (
    grid,
    picture,
    process_lines,
    stairs_with_errors,
    view_lines,
)
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8

MASSES = {"W": 80.4, "Z": 91.2, "H": 125.2, "t": 172.6}
"""[GeV], Particle Data Group, Phys. Rev. D 110, 030001 (2024)"""

Distributions = dict[tuple[str, str, str], Paired]
"""By process, view and name of the observable, against the first view"""


def collect(
    dataset: Dataset, observables: Sequence[Observable], rows: int = 20_000
) -> Distributions:
    """Fill all histograms, with the events' weights, in one pass that holds ``rows`` at a time."""
    n_processes = len(dataset.processes)
    sums = {
        (view, one.name): np.zeros((2, n_processes, len(one.edges) + 1, len(one.edges) + 1))
        for view in dataset.views
        for one in observables
    }
    squares = {key: np.zeros(total.shape[1:3]) for key, total in sums.items()}
    for block in dataset.blocks(rows):
        process = block.initiators["process"].astype(np.int64)
        weight = block.initiators["weight"]
        reference: dict[str, I8] = {}
        for view in dataset.views:
            jets = block.jets(view, ["present", *COLUMNS])
            for one in observables:
                missing = len(one.edges)
                index = np.where(
                    jets["present"], bin_index(one.edges, values(one.name, jets)), missing
                )
                other = reference.setdefault(one.name, index)
                total = sums[view, one.name]
                flat = np.ravel_multi_index((process, other, index), total.shape[1:])
                for part, w in zip(total, (weight, weight**2), strict=True):
                    part += np.bincount(flat, w, part.size).reshape(part.shape)
                own = squares[view, one.name]
                flat = np.ravel_multi_index((process, index), own.shape)
                of_events = squares_of_events(flat, weight, block.event_keys, own.size)
                own += of_events.reshape(own.shape)
    return {
        (process, view, one.name): Paired(
            one.edges,
            sum_w=sums[view, one.name][0, i],
            sum_w2=sums[view, one.name][1, i],
            view_w2=squares[view, one.name][i],
        )
        for i, process in enumerate(dataset.processes)
        for view in dataset.views
        for one in observables
    }


def by_process(
    dataset: Dataset, observables: Sequence[Observable], found: Distributions
) -> Picture:
    """Compare the processes in the first view."""
    lines = process_lines(dataset)
    view = dataset.views[0]
    figure, axes = grid(len(observables) + 1, _columns(observables), 3.7, 3.1)
    for own, one in zip(axes, observables, strict=False):
        for process in dataset.processes:
            histogram = found[process, view, one.name].view()
            _draw(own, histogram, lines[process], process)
        own.set_xlabel(one.axis)
        _finish(own, one)
    _legend(axes[-1], axes[0], title=f"processes, view {view}")
    return picture(
        figure,
        f"Step histograms of {_names(observables)}, one line for each process.",
        f"Jets of the view {view} by process, weighted with the events' weights and normalised to"
        " all jets that are present, those outside of the range included. Bars: statistical error.",
    )


def by_view(
    dataset: Dataset, process: str, observables: Sequence[Observable], found: Distributions
) -> Picture:
    """Compare the views of one process, with ratios to the first."""
    lines = view_lines(dataset.views)
    columns = _columns(observables)
    rows = -(-(len(observables) + 1) // columns)
    figure = Figure(figsize=(3.7 * columns, 3.9 * rows), layout="constrained")
    places = figure.add_gridspec(rows, columns)
    panels = [figure.add_subfigure(places[i]) for i in range(len(observables) + 1)]
    for panel, one in zip(panels, observables, strict=False):
        upper, lower = panel.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        histograms = {view: found[process, view, one.name] for view in dataset.views}
        for view, histogram in histograms.items():
            _draw(upper, histogram.view(), lines[view], view)
        _finish(upper, one)
        others = list(histograms.items())[1:]
        draw_ratios(lower, one.edges, {name: paired.ratio() for name, paired in others}, lines)
        lower.set_xlabel(one.axis)
        lower.set_ylabel(f"/ {dataset.views[0]}", loc="center")
    _legend(panels[len(observables)].subplots(), upper, title=f"{process}, by view")
    return picture(
        figure,
        f"Step histograms of {_names(observables)} of {process}, one line for each view, with the"
        f" ratio to {dataset.views[0]} below each.",
        f"{process}: views, and their ratio to {dataset.views[0]}. The ratios' bars take into"
        " account that the views share their hard events; triangles: outside of the shown range.",
    )


def _draw(axes: Axes, histogram: Histogram, line: dict[str, object], label: str) -> None:
    if histogram.sum_w.sum() > 0:
        stairs_with_errors(axes, histogram.edges, *histogram.density(), line, label)


def _finish(axes: Axes, one: Observable) -> None:
    axes.set_ylabel(one.density_axis)
    axes.set_xlim(one.edges[0], one.edges[-1])
    axes.set_ylim(0, axes.get_ylim()[1] * (1.1 if one.is_mass else 1.02))
    if one.is_mass:
        for name, mass in MASSES.items():
            axes.axvline(mass, color="grey", linewidth=0.6, linestyle=":", zorder=0)
            side = "right" if name == "W" else "left"
            x = mass - 1 if name == "W" else mass + 1
            top = axes.get_xaxis_transform()
            axes.text(x, 0.98, name, transform=top, ha=side, va="top", color="dimgrey", size=8)


def _legend(axes: Axes, source: Axes, title: str) -> None:
    axes.set_axis_off()
    handles, names = source.get_legend_handles_labels()
    axes.legend(handles, names, loc="center", title=title, fontsize=10)


def _columns(observables: Sequence[Observable]) -> int:
    """Choose so many that the legend, the last panel, has no row of its own."""
    return 3 if len(observables) % 3 else 2


def _names(observables: Sequence[Observable]) -> str:
    return ", ".join(one.name for one in observables)
