"""The picture of an embedding's singular values."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rs3l_train.evaluation.plots import COLOURS

SMALLEST = 1e-6


def spectrum_plot(spectrum: Sequence[float], rank: float) -> Figure:
    """Draw singular values, as parts of their sum, and the effective rank as a line."""
    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    axes = figure.add_subplot()
    number = range(1, len(spectrum) + 1)
    axes.plot(number, [max(value, SMALLEST) for value in spectrum], marker=".", color=COLOURS[0])
    axes.axvline(rank, color="grey", linestyle="--", label=f"effective rank {rank:.1f}")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.set_xlabel("singular value")
    axes.set_ylabel("part of their sum")
    axes.legend()
    return figure
