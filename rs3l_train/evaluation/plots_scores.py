"""Plots of the scores of a tagger: by view, as probabilities, and against the mass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from rs3l_train.evaluation.calibration import Reliability
from rs3l_train.evaluation.plots import MODE_COLOURS, MODES, axes_of, colours_of
from rs3l_train.evaluation.roc import F8, cut_at
from rs3l_train.evaluation.scores import Scores
from rs3l_train.evaluation.sculpting import sculpting

MOST_SCORE_BINS = 30
JETS_A_BIN = 60
LEGEND_COLUMNS = 3
MASS_BINS = np.linspace(0, 250, 26)


def score_distributions(scores: Mapping[str, Scores], reference: str) -> Figure:
    """Draw the distributions of a tagger's score in each view, and their ratio to one of them.

    Signal solid, background dotted; below, the ratios of either, with the statistical error of
    the reference as a band. Fewer bins where there are few jets, so that ratios can be read.
    """
    pooled = np.concatenate([np.r_[s.signal, s.background] for s in scores.values()])
    low, high = np.quantile(pooled, [0.005, 0.995])
    fewest = min(len(scores[reference].signal), len(scores[reference].background))
    bins = np.linspace(low, high, 1 + int(np.clip(fewest // JETS_A_BIN, 5, MOST_SCORE_BINS)))
    figure = Figure(figsize=(6.0, 6.4), layout="constrained")
    top, *ratios = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 1))
    colours = colours_of(list(scores))
    for view, own in scores.items():
        for name, style in (("signal", "-"), ("background", ":")):
            label = view if name == "signal" else None
            heights, _ = _heights(getattr(own, name), bins)
            top.stairs(heights, bins, color=colours[view], linestyle=style, label=label)
    for axes, name in zip(ratios, ("signal", "background"), strict=True):
        base, error = _heights(getattr(scores[reference], name), bins)
        seen = base > 0
        base[~seen] = np.nan
        axes.stairs(1 + error / base, bins, baseline=1 - error / base, color="lightgrey", fill=True)
        for view, own in scores.items():
            heights, _ = _heights(getattr(own, name), bins)
            if view != reference:
                axes.stairs(heights / base, bins, color=colours[view], baseline=None)
        axes.axhline(1, color=colours[reference], linewidth=1)
        axes.set_ylim(0.5, 1.5)
        axes.set_ylabel(f"{name},\n/ {reference}")
        axes.grid(alpha=0.25)
    top.set_ylabel("jets, normalised")
    # The legend stands above the curves: its title takes a twentieth of the height, as each line.
    lines = -(-len(scores) // LEGEND_COLUMNS)
    top.set_ylim(0, top.get_ylim()[1] / max(0.3, 0.92 - 0.06 * lines))
    top.legend(
        fontsize="small",
        title="signal —, background ···",
        title_fontsize="small",
        ncols=LEGEND_COLUMNS,
        loc="upper center",
    )
    top.grid(alpha=0.25)
    ratios[-1].set_xlabel("score (logit)")
    return figure


def _heights(values: F8, bins: F8) -> tuple[F8, F8]:
    """Part of the jets in each bin, those beyond in the outermost; and its statistical error."""
    counts, _ = np.histogram(np.clip(values, bins[0], bins[-1]), bins)
    return counts / len(values), np.sqrt(counts) / len(values)


def reliability_curves(curves: Mapping[str, Reliability]) -> Figure:
    """Draw the observed share of signal against the predicted probability, by mode."""
    figure, axes = axes_of("predicted probability of signal", "observed share of signal")
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    for mode, curve in curves.items():
        axes.errorbar(
            curve.predicted,
            curve.observed,
            curve.error,
            marker="o",
            markersize=4,
            capsize=2,
            color=MODE_COLOURS[mode],
            label=f"{MODES[mode]}, ECE {curve.expected_error:.3f} ± "
            f"{curve.error_of_expected_error:.3f}",
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.legend(fontsize="small")
    return figure


def background_masses(scores: Mapping[str, Scores], efficiency: float) -> Figure:
    """Draw the background's soft-drop mass before and after the cut of each tagger, by mode.

    The scores must be of the same jets, with their masses.
    """
    figure, axes = axes_of("soft-drop mass [GeV]", "background jets, normalised")
    for i, (mode, own) in enumerate(scores.items()):
        mass = own.background_mass
        if mass is None:
            raise ValueError(f"{mode}: the masses of the background jets are not given")
        if i == 0:
            before = _outline(mass, np.ones(len(mass)))
            axes.stairs(before, MASS_BINS, color="lightgrey", fill=True, label="before the cut")
        passing = cut_at(own.signal, efficiency)(own.background)
        found = sculpting(mass, passing)
        if found["jsd"] is None:
            continue
        label = (
            f"{MODES[mode]}: {found['n_passing']:.0f} jets,"
            f" JSD {found['jsd']:.2f} ({found['jsd_of_noise']:.2f})"
        )
        axes.stairs(_outline(mass, passing), MASS_BINS, color=MODE_COLOURS[mode], label=label)
    axes.set_xlim(MASS_BINS[0], MASS_BINS[-1])
    axes.set_ylim(0, 1.4 * axes.get_ylim()[1])  # room for the legend
    axes.legend(fontsize="small")
    return figure


def _outline(mass: F8, weights: F8) -> F8:
    """Part of the jets in each bin; those beyond the last are in none, nor those without a mass."""
    known = np.isfinite(mass)
    counts, _ = np.histogram(mass[known], MASS_BINS, weights=weights[known])
    # A dataset of others may have no masses at all.
    return np.asarray(counts / max(float(weights[known].sum()), 1e-300), dtype=np.float64)
