"""The impact parameters of charged constituents, which show the lifetime of b hadrons."""

from __future__ import annotations

import numpy as np

from rs3l_data.offsets import row_of_each
from rs3l_data.report.histograms import Histogram
from rs3l_data.report.pictures import Picture
from rs3l_data.report.style import grid, label_lines, picture, stairs_with_errors
from rs3l_data.store.reader import Dataset

EDGES = np.concatenate(
    [np.arange(0, 4, 0.5), np.arange(4, 10, 1.0), np.arange(10, 20, 2), np.arange(20, 41, 4)]
)
"""Of the significance |d0|/σ; wider where tracks are rare"""


def collect_significances(dataset: Dataset, rows: int = 5_000) -> dict[str, Histogram]:
    """Fill |d0|/σ(d0) of the constituents with a track, by label, in the first view."""
    histograms = {label: Histogram.empty(EDGES) for label in dataset.labels}
    for block in dataset.blocks(rows):
        offsets, tracks = block.constituents(dataset.views[0], ["d0", "d0_error"])
        with_track = tracks["d0_error"] > 0
        row = row_of_each(offsets)[with_track]
        significance = np.abs(tracks["d0"][with_track]) / tracks["d0_error"][with_track]
        label, weight = (block.initiators[name][row] for name in ("label", "weight"))
        event = block.event_keys[row]
        for i, histogram in enumerate(histograms.values()):
            own = label == i
            histogram.fill(significance[own], weight[own], event[own])
    return histograms


def significance_chart(dataset: Dataset, histograms: dict[str, Histogram]) -> Picture | None:
    """Draw the distributions by label; None where no track has an error, as in RS3L's record."""
    if not any(histogram.sum_w.any() for histogram in histograms.values()):
        return None
    figure, (axes,) = grid(1, 1, 7.0, 4.4)
    axes.set_yscale("log")
    lines = label_lines(dataset)
    for label, histogram in histograms.items():
        total = histogram.sum_w.sum()
        if total > 0:
            tail = 100 * (1 - histogram.sum_w[:-1][EDGES[:-1] < 3].sum() / total)
            name = f"{label} ({tail:.1f} % above 3)"
            stairs_with_errors(axes, EDGES, *histogram.density(), lines[label], name)
    axes.set_xlim(EDGES[0], EDGES[-1])
    axes.set_xlabel(r"$|d_0|\,/\,\sigma(d_0)$ of charged constituents")
    axes.set_ylabel(r"$(1/N)\,dN/d(|d_0|/\sigma)$")
    axes.legend(ncols=2)
    return picture(
        figure,
        "Distributions of the impact-parameter significance on a logarithmic scale, one line for"
        " each label.",
        f"Transverse impact-parameter significance of constituents with a track, view"
        f" {dataset.views[0]}, weighted, normalised to all such tracks of the label. Decays of b"
        " and c hadrons make the tails of labels with b and c quarks; decays of strange hadrons"
        " and interactions, where simulated, make those of the others. Bars: statistical error, of"
        " independent events.",
    )
