"""The page's figures: views over one-pass Pythia, p-values, variations and spectra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rs3l_data.report.histograms import F8, Histogram
from rs3l_data.report.observables import Observable, number_of_bins, observables
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
from rs3l_data.validation.onepass import Comparison, read_jets, sample_of
from rs3l_data.validation.statistics import Sample
from rs3l_data.validation.theory import ALWAYS
from rs3l_data.validation.variations import Change
from rs3l_data.validation.verdicts import Test, limit, uniform_p

_GREEN, _RED, _GREY = "#1a7f37", "#b3261e", "0.8"
_LEGEND_COLUMNS = 6
_LARGEST_ERROR = 0.3
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
    columns = 3
    rows = -(-len(shown) // columns)
    # Fixed margins: a layout that adapts itself takes longer than all the rest of the page.
    legend_rows = -(-(len(found) + 1) // _LEGEND_COLUMNS)
    height = 3.6 * rows + 0.3 + 0.2 * legend_rows
    figure = Figure(figsize=(3.7 * columns, height))
    top, bottom = 1 - 0.1 / height, (0.5 + 0.2 * legend_rows) / height
    places = figure.add_gridspec(
        rows, columns, left=0.065, right=0.99, top=top, bottom=bottom, hspace=0.25, wspace=0.28
    )
    first = comparisons[0].view
    for i, one in enumerate(shown):
        panel = places[i // columns, i % columns].subgridspec(
            2, 1, height_ratios=(1.6, 1), hspace=0.08
        )
        upper = figure.add_subplot(panel[0])
        lower = figure.add_subplot(panel[1], sharex=upper)
        upper.tick_params(labelbottom=False)
        histograms = {
            view: [_histogram(one.edges, sample_of(jets, one.name)) for jets in both]
            for view, both in found.items()
        }
        restored, reference = histograms[first]
        heights, errors = reference.density()
        upper.stairs(heights, one.edges, fill=True, color=_GREY, label=f"{first}, one-pass")
        stairs_with_errors(upper, one.edges, *restored.density(), lines[first], first)
        upper.set(ylabel=one.density_axis, xlim=(one.edges[0], one.edges[-1]), ylim=(0, None))
        ratios = {view: _ratio(*both) for view, both in histograms.items()}
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = errors / heights
            band = np.where(relative < _LARGEST_ERROR, relative, np.nan)
        draw_ratios(lower, one.edges, ratios, lines, band)
        lower.set_xlabel(one.axis)
        lower.set_ylabel("/ one-pass", loc="center")
    dots = [lower.plot([], [], "o", color=lines[view]["color"], markersize=4)[0] for view in found]
    handles = [*upper.get_legend_handles_labels()[0][:1], *dots]
    names = [f"{first}, one-pass", *found]
    figure.legend(handles, names, loc="lower center", ncols=_LEGEND_COLUMNS, fontsize=10)
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


def variations(found: Sequence[Change], dataset: Dataset) -> Picture:
    """Draw the relative change of the chief quantities, view by view."""
    views = list(dict.fromkeys(one.view for one in found))
    colours = process_lines(dataset)
    figure, axes = grid(3, 3, 3.9, 1.3 + 0.42 * max(len(views), 1), sharey=True)
    for own, quantity in zip(axes, ALWAYS, strict=True):
        mine = [one for one in found if one.quantity == quantity]
        _expectations(own, mine, views)
        for one in mine:
            offset = ([*dataset.processes].index(one.process) + 1) / (len(dataset.processes) + 1)
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
