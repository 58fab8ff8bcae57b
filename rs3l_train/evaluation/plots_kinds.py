"""Plots of what the background that passes a cut is made of, view by view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rs3l_train.evaluation.kinds import SPLITTINGS
from rs3l_train.evaluation.plots import MODES, colours_of

Row = Mapping[str, Any]

HATCHES = {"": None, **dict(zip(SPLITTINGS.values(), ("...", "////"), strict=True))}
"""How jets are drawn, by what the name of their kind ends in"""


def passing_kinds(taggers: Mapping[str, Sequence[Row]], efficiency: float) -> Figure:
    """Draw for each tagger a bar for each view: what passes the nominal cut, kind by kind.

    A colour is a label, a hatch the heavy quarks that a gluon splits to; the mean over the draws
    of the labels, with the statistical error of one.

    Parameters
    ----------
    taggers
        By mode their rows, of all views and draws; see `docs/tagging.md`.
    """
    rows = [row for own in taggers.values() for row in own]
    kinds = sorted({kind for row in rows for kind in row["background_kinds"]}, key=_order)
    labels = sorted({_label(kind) for kind in kinds})
    colours = colours_of(labels)
    views = list(dict.fromkeys(row["view"] for row in rows))
    height = 0.9 + (0.5 + 0.25 * len(views)) * len(taggers)
    figure = Figure(figsize=(7.0, height), layout="constrained")
    panels = np.atleast_1d(figure.subplots(len(taggers), 1, sharex=True))
    for axes, (mode, own) in zip(panels, taggers.items(), strict=True):
        axes.set_title(MODES[mode], fontsize="medium", loc="left")
        for place, view in enumerate(views):
            _bar(axes, place, [r for r in own if r["view"] == view], kinds, colours, efficiency)
        axes.set_yticks(range(len(views)), views)
        axes.invert_yaxis()
        axes.grid(axis="x", alpha=0.25)
    panels[0].set_xlim(left=0)
    panels[-1].set_xlabel("background efficiency")
    keys = [Patch(color=colour, label=label) for label, colour in colours.items()]
    keys += [
        Patch(facecolor="grey", edgecolor="white", hatch=hatch, label=f"with g → {ending[1:]}")
        for ending, hatch in HATCHES.items()
        if any(kind.endswith(ending) for kind in kinds if ending)
    ]
    # Beside one another long names would stand over the edges.
    columns = 8 if len(keys) <= 8 and max(map(len, labels)) <= 4 else 4
    figure.legend(handles=keys, loc="outside upper center", ncols=columns, fontsize="small")
    return figure


def _bar(
    axes: Axes,
    place: float,
    draws: Sequence[Row],
    kinds: Sequence[str],
    colours: Mapping[str, str],
    efficiency: float,
) -> None:
    key, left = f"{efficiency:g}", 0.0
    for kind in kinds:
        parts = [
            row["background_kinds"][kind]["passing"][key] / row["n_background"]
            for row in draws
            if kind in row["background_kinds"]
        ]
        part = sum(parts) / len(draws)
        axes.barh(
            place,
            part,
            left=left,
            color=colours[_label(kind)],
            hatch=HATCHES[_ending(kind)],
            edgecolor="white",
            linewidth=0.5,
        )
        left += part
    errors = [row["at_nominal_threshold"][key]["background_efficiency_error"] for row in draws]
    axes.errorbar(left, place, xerr=np.mean(errors), color="black", capsize=3, linewidth=1)


def _ending(kind: str) -> str:
    return next((ending for ending in SPLITTINGS.values() if kind.endswith(ending)), "")


def _label(kind: str) -> str:
    return kind.removesuffix(_ending(kind))


def _order(kind: str) -> tuple[int, str]:
    """Put jets in which b quarks are made first, then c quarks; by label among themselves."""
    return -list(HATCHES).index(_ending(kind)), kind
