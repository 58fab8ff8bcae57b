"""Ratios of histograms, as they stand below what they are ratios of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from rs3l_data.report.histograms import F8
from rs3l_data.report.style import Lines


def draw_ratios(
    axes: Axes,
    edges: F8,
    ratios: Mapping[str, tuple[F8, F8]],
    lines: Lines,
    band: F8 | None = None,
) -> None:
    """Draw ratios and their errors about 1, (n_bins,) each, with the reference's error as a band.

    Points outside of the shown range are triangles at its edge.
    """
    half = ratio_half_range([*ratios.values()])
    axes.axhline(1, color="black", linewidth=0.8)
    if band is not None:
        axes.stairs(1 + band, edges, baseline=1 - band, fill=True, color="0.8", zorder=0)
    for i, (name, (ratio, error)) in enumerate(ratios.items()):
        # Side by side in the bin, so that the bars of different lines do not hide one another.
        x = edges[:-1] + (i + 1) / (len(ratios) + 1) * np.diff(edges)
        colour = lines[name]["color"]
        axes.errorbar(x, ratio, error, fmt="o", color=colour, markersize=2.2, elinewidth=0.8)
        for outside, marker, edge in ((ratio > 1 + half, "^", 1), (ratio < 1 - half, "v", -1)):
            level = np.full(outside.sum(), 1 + 0.92 * edge * half)
            axes.plot(x[outside], level, marker, color=colour, markersize=3.5)
    axes.set_ylim(1 - half, 1 + half)
    axes.grid(axis="y", alpha=0.3, linewidth=0.5)


def ratio_half_range(ratios: Sequence[tuple[F8, F8]]) -> float:
    """Choose the shown range 1 ± r so that nine in ten of the points with a meaning lie in it.

    Those are the points with errors below one half; the range is 1 ± 1 at most.
    """
    distances = [np.abs(ratio[error < 0.5] - 1) for ratio, error in ratios]
    needed = float(np.quantile(np.concatenate([*distances, [0.0]]), 0.9))
    return next((r for r in (0.1, 0.2, 0.5) if needed < 0.9 * r), 1.0)
