"""Figures of views and hard events over one-pass Pythia."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rs3l_data.report.histograms import F8, Histogram
from rs3l_data.report.observables import Observable, number_of_bins, observables
from rs3l_data.report.pictures import Picture
from rs3l_data.report.ratios import draw_ratios
from rs3l_data.report.style import Lines, picture, process_lines, stairs_with_errors, view_lines
from rs3l_data.store.reader import Dataset
from rs3l_data.validation.onepass import Comparison, read_jets, sample_of
from rs3l_data.validation.statistics import Sample

_GREY = "0.8"
_COLUMNS = 3
_LEGEND_COLUMNS = 6
_LARGEST_ERROR = 0.3

Both = tuple[Histogram, Histogram]
"""Of a view, or of saved hard events, and of their one-pass sample"""


def one_pass(dataset: Dataset, process: str, comparisons: Sequence[Comparison]) -> Picture:
    """Draw the first view over its one-pass sample, and all views' ratios to theirs."""
    shown = [
        *observables(dataset),
        Observable("n2", "energy correlation", "N_2", "", np.linspace(0, 0.5, 26)),
    ]
    lines = view_lines([one.view for one in comparisons])
    part = dataset.select(processes=process)
    found = {
        one.view: (
            read_jets(part, one.view),
            read_jets(one.reference.select(processes=process), one.table),
        )
        for one in comparisons
    }
    first = comparisons[0].view
    names = [f"{first}, one-pass", *found]
    figure, panels = _panels(len(shown), -(-len(names) // _LEGEND_COLUMNS))
    for one, (upper, lower) in zip(shown, panels, strict=True):
        histograms: dict[str, Both] = {}
        for view, (restored, reference) in found.items():
            samples = sample_of(restored, one.name), sample_of(reference, one.name)
            histograms[view] = _histogram(one.edges, samples[0]), _histogram(one.edges, samples[1])
        _over_one_pass(upper, lower, one, histograms, lines)
    area = upper.get_legend_handles_labels()[0][0]
    dots = [lower.plot([], [], "o", color=lines[view]["color"], markersize=4)[0] for view in found]
    figure.legend([area, *dots], names, loc="lower center", ncols=_LEGEND_COLUMNS, fontsize=10)
    return picture(
        figure,
        f"Step histograms of {', '.join(one.name for one in shown)} of {process}, view {first} over"
        " one-pass Pythia, with the ratios of all views to one-pass Pythia below each.",
        f"{process}. Above: the view {first} and one-pass Pythia. Below: each view over one-pass"
        " Pythia with the view's own settings; the band is the error of the one-pass sample of"
        f" {first}, the bars are those of both. Triangles: outside of the shown range. Bins"
        " in which both samples together have an error above 30 % are left out.",
    )


def spectra(samples: Mapping[str, tuple[Sample, Sample]], dataset: Dataset) -> Picture:
    """Draw the initiators' pT in the hard process: saved hard events over one-pass Pythia."""
    lines = process_lines(dataset)
    figure = Figure(figsize=(7.4, 4.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.8, 1))
    every = np.concatenate([sample.values for both in samples.values() for sample in both])
    edges = np.linspace(every.min(), every.max(), min(number_of_bins(dataset), 25) + 1)
    upper.set_yscale("log")
    ratios = {}
    for process, both in samples.items():
        saved, reference = (_histogram(edges, sample) for sample in both)
        line = lines[process]
        heights = np.where(reference.sum_w[:-1] > 0, reference.density()[0], np.nan)
        upper.stairs(heights, edges, baseline=None, color=line["color"], alpha=0.5, linestyle=":")
        stairs_with_errors(upper, edges, *saved.density(), line, process)
        ratios[process] = _ratio(saved, reference)
    draw_ratios(lower, edges, ratios, lines)
    upper.set(ylabel=r"$(1/N)\,dN/dp_{\mathrm{T}}$ [1/GeV]", xlim=(edges[0], edges[-1]))
    upper.legend(ncols=3)
    lower.set_xlabel(r"$p_{\mathrm{T}}$ of the initiator in the hard process [GeV]")
    lower.set_ylabel("/ one-pass", loc="center")
    return picture(
        figure,
        "Spectra of the initiators' transverse momentum with ratios to one-pass Pythia.",
        "Initiators of the saved hard events (steps with error bars), weighted and normalised, over"
        " those of one-pass Pythia (dotted).",
    )


def _panels(n: int, legend_rows: int) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """Lay out panels, each with one for ratios below it, and rows of a legend at the bottom.

    With fixed margins: a layout that adapts itself takes longer than all the rest of the page.
    """
    rows = -(-n // _COLUMNS)
    height = 3.6 * rows + 0.3 + 0.2 * legend_rows
    figure = Figure(figsize=(3.7 * _COLUMNS, height))
    top, bottom = 1 - 0.1 / height, (0.5 + 0.2 * legend_rows) / height
    places = figure.add_gridspec(
        rows, _COLUMNS, left=0.065, right=0.99, top=top, bottom=bottom, hspace=0.25, wspace=0.28
    )
    panels = []
    for i in range(n):
        place = places[i // _COLUMNS, i % _COLUMNS]
        both = place.subgridspec(2, 1, height_ratios=(1.6, 1), hspace=0.08)
        upper = figure.add_subplot(both[0])
        upper.tick_params(labelbottom=False)
        panels.append((upper, figure.add_subplot(both[1], sharex=upper)))
    return figure, panels


def _over_one_pass(
    upper: Axes, lower: Axes, one: Observable, histograms: Mapping[str, Both], lines: Lines
) -> None:
    """Draw an observable of the first view and of its one-pass sample, and all views' ratios."""
    first = next(iter(histograms))
    restored, reference = histograms[first]
    heights, errors = reference.density()
    upper.stairs(heights, one.edges, fill=True, color=_GREY, label=f"{first}, one-pass")
    stairs_with_errors(upper, one.edges, *restored.density(), lines[first], first)
    upper.set(ylabel=one.density_axis, xlim=(one.edges[0], one.edges[-1]), ylim=(0, None))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = errors / heights
        band = np.where(relative < _LARGEST_ERROR, relative, np.nan)
    ratios = {view: _ratio(*both) for view, both in histograms.items()}
    draw_ratios(lower, one.edges, ratios, lines, band)
    lower.set_xlabel(one.axis)
    lower.set_ylabel("/ one-pass", loc="center")


def _histogram(edges: F8, sample: Sample) -> Histogram:
    histogram = Histogram.empty(edges)
    histogram.fill(sample.values, sample.weights, sample.events)
    return histogram


def _ratio(restored: Histogram, reference: Histogram) -> tuple[F8, F8]:
    """Divide the densities of two independent samples.

    Returns
    -------
    ratio, error : (n_bins,)
        NaN where one is empty, or the error so large that nothing is said.
    """
    (top, top_error), (below, below_error) = restored.density(), reference.density()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = top / below
        error = ratio * np.hypot(top_error / top, below_error / below)
        # By the error of both together: that of the ratio would hide high ratios and keep low ones.
        together = np.hypot(top_error, below_error) / (top + below)
    useful = (top > 0) & (below > 0) & (together < _LARGEST_ERROR)
    return np.where(useful, ratio, np.nan), np.where(useful, error, np.nan)
