"""Lists in which nothing comes twice."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator

Values = TypeVar("Values")


def _require_once(values: Any) -> Any:
    twice = [value for value in dict.fromkeys(values or ()) if values.count(value) > 1]
    if twice:
        raise ValueError(f"{', '.join(map(str, twice))}: given twice; once is enough")
    return values


Once = Annotated[Values, AfterValidator(_require_once)]
"""A list, or nothing, whose entries differ"""
