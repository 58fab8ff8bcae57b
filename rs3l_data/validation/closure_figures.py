"""Figures of the detector's closure: what guns measured over what the card says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rs3l_data.report.pictures import Picture
from rs3l_data.report.style import grid, picture
from rs3l_data.validation.closure import NEUTRAL, TRACKED, Point

_COLOURS = ("#3f90da", "#e76300", "#832db6", "#94a4a2", "#a96b59")
SPECIES = tuple(one.name for one in (*TRACKED, *NEUTRAL))


def response(points: Sequence[Point]) -> Picture:
    """Draw mean and width of measured over true for each species."""
    figure, axes = grid(2 * len(SPECIES), len(SPECIES), 2.6, 2.6, sharex=True)
    for i, species in enumerate(SPECIES):
        resolution, mean = axes[i], axes[len(SPECIES) + i]
        _draw(resolution, points, species, "resolution")
        _draw(mean, points, species, "response")
        resolution.set(title=species, yscale="log")
        mean.set_xlabel(r"true $p_{\mathrm{T}}$ [GeV]")
    axes[0].set_ylabel("resolution")
    axes[len(SPECIES)].set_ylabel("response")
    axes[0].legend(title="|η|", fontsize=7)
    return picture(
        figure,
        "Resolution and response of five species of particles against transverse momentum.",
        "Width and mean of measured over true, pT of tracks and energy of neutral particles. "
        "Points: particle guns through the detector; lines: the card's formulas. Hollow: tracks and"
        " calorimeters together, for which there is no formula.",
    )


def tracking(points: Sequence[Point]) -> Picture:
    """Draw the tracking efficiency and the resolution of the impact parameters."""
    figure, axes = grid(len(TRACKED) + 2, len(TRACKED) + 2, 2.6, 2.8)
    lowest = min((p.measured for p in points if p.quantity == "efficiency"), default=1.0)
    for own, species in zip(axes, TRACKED, strict=False):
        _draw(own, points, species.name, "efficiency")
        own.set(title=species.name, ylim=(min(0.5, 0.9 * lowest), 1.02))
    axes[0].set_ylabel("tracking efficiency")
    for own, name in zip(axes[len(TRACKED) :], ("d0", "dz"), strict=True):
        _draw(own, points, "muon", f"{name} resolution")
        own.set(title=f"muon, {name}", yscale="log", ylabel="σ [mm]")
    for own in axes:
        own.set_xlabel(r"true $p_{\mathrm{T}}$ [GeV]")
    axes[0].legend(title="|η|", fontsize=7)
    return picture(
        figure,
        "Tracking efficiency of three species and resolution of the impact parameters.",
        "Points: particle guns through the detector; lines: the card.",
    )


def _draw(axes: Axes, points: Sequence[Point], species: str, quantity: str) -> None:
    axes.set_xscale("log")
    for i, abs_eta in enumerate(sorted({point.abs_eta for point in points})):
        colour = _COLOURS[i % len(_COLOURS)]
        mine = _select(points, species, quantity, abs_eta)
        shift = 1.06 ** (i - 1)
        bars: dict[str, Any] = {"color": colour, "markersize": 3, "elinewidth": 0.8}
        _points(axes, mine, shift, {**bars, "fmt": "o", "label": f"{abs_eta:g}"})
        formula = [p for p in mine if p.expected is not None]
        expected = np.array([p.expected for p in formula], np.float64)
        axes.plot([p.pt for p in formula], expected, "-", color=colour, linewidth=1)
        flow = _select(points, f"{species}, particle flow", quantity, abs_eta)
        if flow:
            _points(axes, flow, shift, {**bars, "fmt": "s", "mfc": "none", "alpha": 0.6})
    axes.grid(alpha=0.3, linewidth=0.5)


def _select(points: Sequence[Point], species: str, quantity: str, abs_eta: float) -> list[Point]:
    wanted = (species, quantity, abs_eta)
    return [p for p in points if (p.species, p.quantity, p.abs_eta) == wanted]


def _points(axes: Axes, points: Sequence[Point], shift: float, look: dict[str, Any]) -> None:
    """Draw points with error bars, those of different |η| side by side."""
    x, y = [p.pt * shift for p in points], [p.measured for p in points]
    axes.errorbar(x, y, [p.error for p in points], **look)
