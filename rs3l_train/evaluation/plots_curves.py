"""Plots that compare taggers: ROC curves, and what each reaches with how many labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from rs3l_train.evaluation.comparison import mean_and_spread
from rs3l_train.evaluation.plots import BASELINES, MODE_COLOURS, MODES, axes_of
from rs3l_train.evaluation.roc import F8, background_efficiencies
from rs3l_train.evaluation.scores import Scores

ROC_EFFICIENCIES = np.linspace(0.05, 1.0, 96)

Row = Mapping[str, Any]
FigureOf = Callable[[Row], tuple[float | None, float | None]]
"""A figure of merit and its error; None where it has no place on a logarithmic axis"""


def roc_curves(taggers: Mapping[str, Sequence[Scores]], baselines: Mapping[str, Scores]) -> Figure:
    """Draw 1/ε_B against ε_S: the mean over the draws of each mode, and their range as a band."""
    figure, axes = axes_of("signal efficiency", "background rejection, 1 / efficiency")
    for mode, draws in taggers.items():
        mean, low, high = rejection_band(draws)
        colour = MODE_COLOURS[mode]
        # The frozen probe comes first and often lies where the tuned network does.
        width = 3.0 if mode == "probe" else 1.3
        axes.plot(ROC_EFFICIENCIES, mean, color=colour, label=MODES[mode], linewidth=width)
        axes.fill_between(ROC_EFFICIENCIES, low, high, color=colour, alpha=0.25, linewidth=0)
    for name, scores in baselines.items():
        mean, _, _ = rejection_band([scores])
        axes.plot(ROC_EFFICIENCIES, mean, linewidth=1, **BASELINES[name])
    axes.set_yscale("log")
    axes.set_xlim(0, 1)
    # Beside the curves, which leave no corner free: seven of them are of baselines.
    figure.set_figwidth(7.6)
    figure.legend(fontsize="small", loc="outside right center")
    return figure


def rejection_band(draws: Sequence[Scores]) -> tuple[F8, F8, F8]:
    """Compute 1/ε_B on `ROC_EFFICIENCIES`: of the draws' mean ε_B, and the draws' range.

    NaN where in one of the draws no background passes.
    """
    curves = np.array(
        [background_efficiencies(s.signal, s.background, ROC_EFFICIENCIES) for s in draws]
    )
    curves[:, (curves == 0).any(0)] = np.nan
    return 1 / curves.mean(0), 1 / curves.max(0), 1 / curves.min(0)


def label_efficiency(rows: Sequence[Row], baselines: Sequence[Row], view: str) -> Figure:
    """Draw 1 - AUC and 1/ε_B at each signal efficiency, in one view, against the labels.

    Both on logarithmic axes on which better is higher: near 1 areas are told apart by how much they
    lack.
    """
    rows = [row for row in rows if row["view"] == view]
    baselines = [row for row in baselines if row["view"] == view]
    keys = list(rows[0]["rejection"])
    figures: dict[str, FigureOf] = {
        "1 − AUC": _lacking_area,
        **{
            rf"$1/\varepsilon_B$ at $\varepsilon_S$ = {key}": partial(_rejection, key=key)
            for key in keys
        },
    }
    n_rows = (len(figures) + 1) // 2
    figure = Figure(figsize=(10.0, 4.0 * n_rows), layout="constrained")
    panels = np.ravel(figure.subplots(n_rows, 2))
    for axes, (name, figure_of) in zip(panels, figures.items(), strict=False):
        _panel(axes, rows, baselines, figure_of)
        axes.set_ylabel(name)
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    for axes in panels[len(figures) :]:
        axes.remove()
    return figure


def _lacking_area(row: Row) -> tuple[float | None, float]:
    return (1 - row["auc"]) or None, row["auc_error"]


def _rejection(row: Row, key: str) -> tuple[float | None, float | None]:
    return row["rejection"][key], row["rejection_error"][key]


def _panel(
    axes: Axes,
    rows: Sequence[Row],
    baselines: Sequence[Row],
    figure_of: FigureOf,
) -> None:
    counts = sorted({row["labels"] for row in rows})
    modes = [mode for mode in MODES if any(row["mode"] == mode for row in rows)]
    for i, mode in enumerate(modes):
        points = []
        for count in counts:
            own = [figure_of(row) for row in rows if (row["mode"], row["labels"]) == (mode, count)]
            values = [value for value, _ in own if value is not None]
            errors = [error for _, error in own if error is not None]
            if own and len(values) == len(own):
                shifted = count * (1 + 0.06 * (i - len(modes) / 2))  # side by side
                mean, spread = mean_and_spread(values)
                points.append((shifted, mean, spread or 0.0, np.mean(errors)))
        if points:
            x, means, spreads, statistical = np.array(points).T
            colour = MODE_COLOURS[mode]
            axes.errorbar(x, means, statistical, fmt="none", elinewidth=6, alpha=0.3, ecolor=colour)
            axes.errorbar(x, means, spreads, marker="o", capsize=3, color=colour, label=MODES[mode])
    for row in baselines:
        value, _ = figure_of(row)
        if value is not None:
            axes.axhline(value, linewidth=1, **BASELINES[row["name"]])
    axes.set_xlabel("labelled jets")
    axes.set_xscale("log")
    axes.set_xlim(min(counts) / 1.5, max(counts) * 1.5)
    axes.set_xticks(counts)
    axes.xaxis.set_major_formatter("{x:.10g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:.10g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.25)
