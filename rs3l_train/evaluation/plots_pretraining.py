"""The pictures of a pretraining: its loss, and the singular values of its embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rs3l_train.evaluation.plots import COLOURS, axes_of

SMALLEST = 1e-6


def loss_curve(records: Sequence[Mapping[str, float]]) -> Figure:
    """Draw the losses against the views seen."""
    figure, axes = axes_of("views seen", "loss")
    seen = [record["views"] for record in records]
    trained = [record for record in records if "training_loss" in record]
    axes.plot(
        [record["views"] for record in trained],
        [record["training_loss"] for record in trained],
        marker=".",
        color=COLOURS[0],
        label="training",
    )
    validation = [record["validation_loss"] for record in records]
    axes.plot(seen, validation, marker=".", color=COLOURS[1], label="validation")
    if "chance_loss" in records[-1]:
        chance = records[-1]["chance_loss"]
        axes.axhline(chance, color="grey", linestyle="--", label="chance")
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + 0.2 * (high - low))  # room for the legend above the line
    axes.legend(loc="upper right", ncols=3)
    return figure


def spectrum_plot(spectrum: Sequence[float], rank: float) -> Figure:
    """Draw singular values, as parts of their sum, and the effective rank as a line."""
    figure, axes = axes_of("singular value", "part of their sum")
    number = range(1, len(spectrum) + 1)
    axes.plot(number, [max(value, SMALLEST) for value in spectrum], marker=".", color=COLOURS[0])
    axes.axvline(rank, color="grey", linestyle="--", label=f"effective rank {rank:.1f}")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure
