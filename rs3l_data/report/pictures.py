"""Images inside the page, and the same as files."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from rs3l_data.store.atomic import write_whole


@dataclass(frozen=True, slots=True)
class Picture:
    """An image with what is said of it."""

    source: str
    """A `data:` URI"""
    alt: str
    caption: str
    figure: Figure | None = None
    """What it was drawn from, if that was done here"""


def data_uri(png: bytes) -> str:
    """Write a PNG image as an address that needs no network."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def write_figures(content: Mapping[str, Any], folder: Path) -> None:
    """Write the figures of a page's content as PDF, such as `by_view-qcd.pdf`.

    Raises
    ------
    StorageError
        If one cannot be written.
    """
    for name, figure in _figures(content):
        document = io.BytesIO()
        # TrueType fonts, because publishers turn away Type 3; and no date, by which the same run's
        # figures would differ each time.
        with rc_context({"pdf.fonttype": 42}):
            figure.savefig(document, format="pdf", metadata={"CreationDate": None})
        write_whole(folder / f"{name}.pdf", document.getvalue())


def _figures(content: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}-{inner}", figure) for inner, figure in _figures(value))
        elif isinstance(value, Picture) and value.figure is not None:
            yield name, value.figure
