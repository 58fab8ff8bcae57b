"""The transverse momenta of the initiators, as the physics has them and as they were sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rs3l_data.report.histograms import F8, Histogram
from rs3l_data.report.observables import number_of_bins
from rs3l_data.report.pictures import Picture
from rs3l_data.report.style import grid, picture, process_lines, stairs_with_errors
from rs3l_data.store.reader import Dataset


def cross_section_density(histogram: Histogram, per_weight: float) -> tuple[F8, F8]:
    """Turn the sums of weights in bins of pT into dσ/dpT and its statistical error.

    Parameters
    ----------
    per_weight
        Cross section of the process over the sum of the weights of its hard events [pb].

    Returns
    -------
    density, error : (n_bins,)
        [pb/GeV]
    """
    scale = per_weight / np.diff(histogram.edges)
    return histogram.sum_w[:-1] * scale, np.sqrt(histogram.sum_w2[:-1]) * scale


def initiator_spectra(dataset: Dataset, manifest: Mapping[str, Any]) -> Picture | None:
    """Draw dσ/dpT of the initiators and, where weights vary, also the number of rows.

    Of what was converted from other projects' files: normalised to 1 where a process has no cross
    section, without the initiators of unknown momentum, None where there are no others.
    """
    columns = dataset.initiators
    pt = columns["pt"].astype(np.float64)
    told = np.isfinite(pt)
    if not told.any():
        return None
    low, high = pt[told].min(), pt[told].max()
    edges = np.linspace(low, max(high, low + 1), number_of_bins(dataset) + 1)
    lines = process_lines(dataset)
    sampled = np.ptp(columns["weight"]) > 0
    listed = [made for made in manifest["processes"].values() if made["n_rows"]]
    known = all(made.get("cross_section_pb") and made.get("sum_of_weights") for made in listed)
    figure, axes = grid(2 if sampled else 1, 2, 5.4, 3.9)
    for own in axes:
        own.set_yscale("log")
    for i, process in enumerate(dataset.processes):
        rows = told & (columns["process"] == i)
        if not rows.any():
            continue
        weighted = Histogram.empty(edges)
        weighted.fill(pt[rows], columns["weight"][rows], columns["event"][rows])
        if known:
            made = manifest["processes"][process]
            per_weight = made["cross_section_pb"] / made["sum_of_weights"]
        else:
            per_weight = 1 / weighted.sum_w.sum()
        heights, errors = cross_section_density(weighted, per_weight)
        stairs_with_errors(axes[0], edges, heights, errors, lines[process], process)
        if sampled:
            counted = Histogram.empty(edges)
            counted.fill(pt[rows], np.ones(rows.sum()), columns["event"][rows])
            numbers, errors = counted.sum_w[:-1], np.sqrt(counted.sum_w2[:-1])
            stairs_with_errors(axes[1], edges, numbers, errors, lines[process], process)
    axes[0].set_ylabel(
        r"d$\sigma$/d$p_{\mathrm{T}}$ [pb/GeV]" if known else r"1/N dN/d$p_{\mathrm{T}}$ [1/GeV]"
    )
    for own in axes:
        own.set_xlim(edges[0], edges[-1])
        own.set_xlabel(r"$p_{\mathrm{T}}$ of the initiator [GeV]")
        own.legend(ncols=2)
    both = ""
    if sampled:
        axes[1].set_ylabel(f"rows / {edges[1] - edges[0]:.0f} GeV")
        both = " Right: the rows as they were sampled, each counted once."
    untold = "" if told.all() else " Initiators whose momentum is not known are left out."
    return picture(
        figure,
        "Spectra of the initiators' transverse momentum on a logarithmic scale, one line for each"
        " process.",
        "Initiators in the hard process, weighted and"
        f" {'scaled to the cross section of the process' if known else 'normalised to 1'};"
        f" an event with two initiators enters twice. Bars: statistical error.{both}{untold}",
    )
