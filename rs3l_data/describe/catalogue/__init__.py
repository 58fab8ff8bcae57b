"""What is known by name: processes, tunes and variations, each with its source; and rates."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from rs3l_data.describe.strict import nearest
from rs3l_data.describe.yaml_file import parse_yaml


@cache
def catalogue(kind: str) -> dict[str, dict[str, Any]]:
    """Read a file of the package: ``processes``, ``tunes``, ``variations`` or ``rates``."""
    text = (resources.files(__name__) / f"{kind}.yaml").read_text(encoding="utf-8")
    entries: dict[str, dict[str, Any]] = parse_yaml(text)
    return entries


def entry(kind: str, name: str) -> dict[str, Any]:
    """Look up one entry.

    Raises
    ------
    ValueError
        For an unknown name, with the nearest valid one (pydantic puts the key before it).
    """
    entries = catalogue(kind)
    if name not in entries:
        page = "docs/variations.md" if kind == "variations" else ""
        hint = nearest(name, [*entries], page)
        raise ValueError(f"'{name}' is not in the catalogue of {kind}; {hint}")
    return entries[name]
