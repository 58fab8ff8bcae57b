"""How the report's figures look, and what they become: images inside the page."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rs3l_data.report.pictures import Picture, data_uri, write_figures
from rs3l_data.store.reader import Dataset

DPI = 110

RC: dict[str, Any] = {
    "font.size": 9.0,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "xaxis.labellocation": "right",
    "yaxis.labellocation": "top",
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.4,
    "patch.linewidth": 1.4,
    "mathtext.fontset": "dejavusans",
}

# Petroff, "Accessible color sequences for data visualization", arXiv:2107.02270.
_TEN = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#717581"),
    *("#a96b59", "#e76300", "#b9ac70", "#94a4a2", "#92dadd"),
)
_SIX = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd")
_DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))

Lines = dict[str, dict[str, Any]]
"""By name: the colour and the dashes of a line"""


def drawn(draw: Callable[[], Mapping[str, Any]], figures_to: Path | None) -> Mapping[str, Any]:
    """Draw the pictures of a page in this style, whatever the user's own matplotlibrc says.

    They are written as PDF, too, if a folder is given for that.

    Raises
    ------
    StorageError
        If one cannot be written.
    """
    with matplotlib.style.context(["default", RC]):
        pictures = draw()
        if figures_to is not None:
            write_figures(pictures, figures_to)
    return pictures


def picture(figure: Figure, alt: str, caption: str) -> Picture:
    """Render a figure."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=DPI)
    return Picture(data_uri(image.getvalue()), alt, caption, figure)


def view_lines(views: Sequence[str]) -> Lines:
    """Give each view its line: the reference, which is the first, is black and solid."""
    # The sixth is a second purple, which the dots of a ratio do not tell from the first.
    colours = _SIX if len(views) <= len(_SIX) else _TEN
    others = {
        name: {"color": colours[i % len(colours)], "linestyle": _DASHES[(i + 1) % len(_DASHES)]}
        for i, name in enumerate(views[1:])
    }
    return {views[0]: {"color": "black", "linestyle": "-"}, **others}


def process_lines(dataset: Dataset) -> Lines:
    """Give each process its line."""
    return _lines(dataset.processes)


def label_lines(dataset: Dataset) -> Lines:
    """Give each label its line: that of its process, where the process has this label alone."""
    own = _sole_labels(dataset)
    mixed = [label for label in dataset.labels if label not in own]
    rest = _lines([*dataset.processes, *mixed])
    return {label: rest[own.get(label, label)] for label in dataset.labels}


def grid(n: int, columns: int, width: float, height: float, **options: Any) -> tuple[Figure, Any]:
    """Make a figure with ``n`` axes in rows of at most ``columns``; sizes of one in inches."""
    columns = min(n, columns)
    rows = -(-n // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for unused in axes[n:]:
        unused.set_axis_off()
    return figure, axes[:n]


def stairs_with_errors(
    axes: Axes, edges: Any, heights: Any, errors: Any, line: dict[str, Any], label: str
) -> None:
    """Draw a step histogram with a vertical error bar in each bin that is not empty."""
    filled = heights > 0
    centres, tops, bars = 0.5 * (edges[1:] + edges[:-1])[filled], heights[filled], errors[filled]
    below = bars
    if axes.get_yscale() == "log":
        # What goes down to nothing would be a line through the whole panel.
        axes.stairs(np.where(filled, heights, np.nan), edges, baseline=None, label=label, **line)
        below = np.minimum(bars, 0.9 * tops)
    else:
        axes.stairs(heights, edges, label=label, **line)
    axes.errorbar(centres, tops, [below, bars], fmt="none", ecolor=line["color"], elinewidth=0.8)


def _lines(names: Sequence[str]) -> Lines:
    return {
        name: {"color": _TEN[i % len(_TEN)], "linestyle": _DASHES[max(0, i - 4) % len(_DASHES)]}
        for i, name in enumerate(names)
    }


def _sole_labels(dataset: Dataset) -> dict[str, str]:
    """Find the process of each label that is the only one of its process, and in no other."""
    columns = dataset.initiators
    pairs = np.unique(columns["process"].astype(np.int64) * 256 + columns["label"])
    process, label = pairs // 256, pairs % 256
    return {
        dataset.labels[b]: dataset.processes[a]
        for a, b in zip(process, label, strict=True)
        if np.sum(process == a) == 1 and np.sum(label == b) == 1
    }
