"""Which view the others are compared with."""

from __future__ import annotations

from collections.abc import Sequence

NOMINAL = "nominal"


def reference_view(views: Sequence[str]) -> str:
    """Name the view that the others are compared with: `nominal`, or else the first."""
    return NOMINAL if NOMINAL in views else views[0]
