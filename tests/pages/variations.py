"""The reference page of the catalogue's variations and tunes, written from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.changes import described
from rs3l_data.describe.variation import Expectation, KnownVariation, known_variation, points

_SECTIONS = (
    (("shower", "hadronization", "detector"), "The detector: at any point"),
    (("shower", "hadronization"), "The hadronization: from `shower` or `hadronization`"),
    (("shower",), "The shower and everything after it: from `shower`"),
)
_ARROWS = {"up": "↑", "down": "↓", "same": "="}


def variations_markdown() -> str:
    """Write the variations in one Markdown table for each place of use, and the tunes."""
    known = {name: known_variation(name) for name in catalogue("variations")}
    parts = [_expectations()]
    for where, title in _SECTIONS:
        rows = (
            (f"`{name}`", _lines(described({"variation": name})[0]), _expected(one), one.source)
            for name, one in known.items()
            if points(one) == where
        )
        parts.append(_table(title, ("variation", "changes", "expected", "source"), rows))
    tunes = catalogue("tunes")
    listed = ((f"`{name}`", _lines(one["settings"]), one["source"]) for name, one in tunes.items())
    parts.append(_table("Tunes", ("tune", "settings", "source"), listed))
    return "\n\n".join(parts) + "\n"


def _expectations() -> str:
    rows = (
        (f"`{name}`", str(field.description)) for name, field in Expectation.model_fields.items()
    )
    return _table("What is expected", ("quantity", "meaning"), rows)


def _lines(lines: Iterable[str]) -> str:
    return "; ".join(f"`{line}`" for line in lines)


def _expected(known: KnownVariation) -> str:
    expected = known.expect.model_dump(exclude_none=True)
    words = [f"{name} {_ARROWS[direction]}" for name, direction in expected.items()]
    against = [f"(against `{known.reference}`)"] if known.reference and words else []
    return " ".join([", ".join(words), *against])


def _table(title: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [" | ".join(header), " | ".join("---" for _ in header), *(" | ".join(r) for r in rows)]
    return "\n".join([f"### {title}", "", *(f"| {line} |" for line in lines)])
