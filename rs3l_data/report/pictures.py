"""Images inside the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """An image with what is said of it."""

    source: str
    """A `data:` URI"""
    alt: str
    caption: str


def data_uri(png: bytes) -> str:
    """Write a PNG image as an address that needs no network."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
