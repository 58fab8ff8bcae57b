"""Plots as files, each with a title and a caption for the report."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from rs3l_data.store.atomic import write_whole
from rs3l_train.loop.files import write_json

# Told apart by readers with any kind of colour vision (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# For more than those.
_MORE_COLOURS = tuple(to_hex(colormaps["tab20"](i)) for i in range(20))
MODES = {
    "probe": "linear probe",
    "last_layers": "last layers tuned",
    "full": "fine-tuned",
    "scratch": "from scratch",
    "trees": "boosted trees",
}
MODE_COLOURS = dict(zip(MODES, COLOURS, strict=False))
BASELINES: dict[str, dict[str, Any]] = {
    "n2": {"label": "$N_2$", "color": "black", "linestyle": "--"},
    "tau21": {"label": r"$\tau_{21}$", "color": "black", "linestyle": ":"},
    "tau32": {"label": r"$\tau_{32}$", "color": "black", "linestyle": "-."},
    "mass window": {"label": "mass window", "color": "grey", "linestyle": "-"},
    "n2 in window": {"label": "$N_2$ in window", "color": "#56B4E9", "linestyle": "--"},
    "tau21 in window": {"label": r"$\tau_{21}$ in window", "color": "#56B4E9", "linestyle": ":"},
    "tau32 in window": {"label": r"$\tau_{32}$ in window", "color": "#56B4E9", "linestyle": "-."},
}
"""How taggers without a network are drawn, by the names of `baseline_scores`"""


# With their metadata: without a date the same figure is the same file.
SUFFIXES: dict[str, dict[str, None]] = {".png": {}, ".pdf": {"CreationDate": None}}


class Plots:
    """Writes figures into ``plots/`` of a folder, and on leaving their list, `plots.json`.

    Each as PNG, which is listed and shown in reports, and as PDF, for a paper.
    """

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
            # What other settings left here would pass for pictures of these.
            listed = {entry["file"] for entry in self.entries}
            for file in self.folder.iterdir():
                if file.suffix in SUFFIXES and file.with_suffix(".png").name not in listed:
                    file.unlink()

    def add(self, figure: Figure, name: str, title: str, caption: str) -> None:
        """Write a figure as ``name.png`` and ``name.pdf``."""
        for suffix, metadata in SUFFIXES.items():
            image = io.BytesIO()
            # TrueType fonts: conferences turn away the default, Type 3.
            with rc_context({"pdf.fonttype": 42}):
                figure.savefig(image, format=suffix[1:], dpi=150, metadata=metadata)
            write_whole(self.folder / f"{name}{suffix}", image.getvalue())
        self.entries.append({"file": f"{name}.png", "title": title, "caption": caption})


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """Give each name a colour; beyond twenty names they come again."""
    palette = COLOURS if len(names) <= len(COLOURS) else _MORE_COLOURS
    return {name: palette[i % len(palette)] for i, name in enumerate(names)}


def axes_of(x: str, y: str) -> tuple[Figure, Axes]:
    """Make a figure with one pair of axes."""
    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25)
    return figure, axes
