"""Plots of training and tagging, each with a title and a caption for the report."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from rs3l_train.evaluation.roc import F8, background_efficiencies
from rs3l_train.evaluation.tagging import Scores
from rs3l_train.loop.files import write_json, write_whole

# Told apart by readers with any kind of colour vision (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MODES = {"probe": "linear probe", "full": "fine-tuned", "scratch": "from scratch"}
ROC_EFFICIENCIES = np.linspace(0.05, 1.0, 96)


class Plots:
    """Writes PNG files into ``plots/`` of a folder, and on leaving their list, `plots.json`."""

    def __init__(self, folder: Path):
        self.folder = folder / "plots"
        self.entries: list[dict[str, str]] = []

    def __enter__(self) -> Plots:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            write_json(self.folder / "plots.json", self.entries)

    def add(self, figure: Figure, name: str, title: str, caption: str) -> None:
        """Write a figure as ``name.png``."""
        image = io.BytesIO()
        figure.savefig(image, format="png", dpi=150)
        write_whole(self.folder / f"{name}.png", image.getvalue())
        self.entries.append({"file": f"{name}.png", "title": title, "caption": caption})


def loss_curve(records: Sequence[Mapping[str, float]]) -> Figure:
    """Draw the losses against the views seen."""
    figure, axes = _figure("views seen", "loss")
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
        axes.axhline(records[-1]["chance_loss"], color="grey", linestyle="--", label="chance")
    axes.legend()
    return figure


def roc_curves(scores: Mapping[str, Sequence[Scores]]) -> Figure:
    """Draw 1/ε_B against ε_S: the mean over the draws of each mode, and their range as a band."""
    figure, axes = _figure("signal efficiency", "background rejection, 1 / efficiency")
    for (name, draws), colour in zip(scores.items(), COLOURS, strict=False):
        mean, low, high = rejection_band(draws)
        axes.plot(ROC_EFFICIENCIES, mean, color=colour, label=name)
        axes.fill_between(ROC_EFFICIENCIES, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.set_yscale("log")
    axes.set_xlim(0, 1)
    axes.legend()
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


def label_efficiency(
    rows: Sequence[Mapping[str, Any]], baselines: Sequence[Mapping[str, Any]], view: str
) -> Figure:
    """Draw the AUC in one view against the number of labels, with the spread over draws."""
    figure, axes = _figure("labelled jets", "AUC")
    for i, (mode, name) in enumerate(MODES.items()):
        own = [row for row in rows if row["mode"] == mode and row["view"] == view]
        counts = sorted({row["labels"] for row in own})
        values = [[row["auc"] for row in own if row["labels"] == count] for count in counts]
        axes.errorbar(
            np.array(counts) * (1 + 0.05 * i),  # side by side where they agree
            [np.mean(aucs) for aucs in values],
            [np.std(aucs) for aucs in values],
            marker="o",
            capsize=3,
            color=COLOURS[i],
            label=name,
        )
    here = [baseline for baseline in baselines if baseline["view"] == view]
    for baseline, style in zip(here, ("--", "-.", ":"), strict=False):
        axes.axhline(baseline["auc"], color="grey", linestyle=style, label=baseline["name"])
    axes.set_ylim(bottom=max(0.5, axes.get_ylim()[0]))
    axes.set_xscale("log")
    ticks = sorted({row["labels"] for row in rows})
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.minorticks_off()
    axes.legend()
    return figure


def score_distributions(scores: Mapping[str, Scores]) -> Figure:
    """Draw the distributions of a tagger's score in each view, signal solid, background dotted."""
    figure, axes = _figure("score (logit)", "jets, normalised")
    pooled = np.concatenate([np.r_[s.signal, s.background] for s in scores.values()])
    low, high = np.quantile(pooled, [0.002, 0.998])
    bins = np.linspace(low, high, 41)
    for (view, own), colour in zip(scores.items(), _cycled(len(scores)), strict=True):
        for values, style in ((own.signal, "-"), (own.background, ":")):
            label = view if style == "-" else None
            heights = np.histogram(values, bins)[0] / len(values)
            axes.stairs(heights, bins, color=colour, linestyle=style, label=label)
    axes.legend(fontsize="small")
    return figure


def _figure(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25)
    return figure, axes


def _cycled(n: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(n)]
