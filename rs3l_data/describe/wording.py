"""What pydantic says of a wrong value, in words that need no Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
"""Pattern of the names that a config gives"""
ORCID = r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$"
DOI = r"^10\.\d{4,9}/\S+$"
NOT_EMPTY = r"\S"

_LONGEST = 100
"""Characters of a value that a message repeats"""

_FORMS = {
    NAME: "a letter, then letters, digits or _",
    ORCID: "an ORCID, such as 0000-0002-1825-0097",
    DOI: "a DOI, such as 10.5281/zenodo.1234567",
    NOT_EMPTY: "text that is not empty",
}
"""Patterns in words: not everybody reads regular expressions"""

_EXPECTED = {
    "dict_type": "keys with values",
    "tuple_type": "a list, such as [a, b]",
    "list_type": "a list, such as [a, b]",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "literal_error": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
}
"""By pydantic's type of a fault; in braces what its context says"""


def expected(fault: Mapping[str, Any], models: list[type[BaseModel]]) -> str | None:
    """Say what was expected in the place of a wrong value; None for faults of other kinds.

    Parameters
    ----------
    fault
        One of ``ValidationError.errors()``.
    models
        Those that may stand where the value stands, or in the mapping that should stand there.
    """
    kind, context = fault["type"], dict(fault.get("ctx", {}))
    context |= {key: f"{value:g}" for key, value in context.items() if isinstance(value, float)}
    if kind in ("model_type", "model_attributes_type"):
        nothing = fault["input"] is None and not any(
            field.is_required() for model in models for field in model.model_fields.values()
        )
        return f"keys with values{_such_as(models, '{}')}{', or {}' if nothing else ''}"
    if kind == "dict_type":
        return f"keys with values{_such_as(models, '{{NAME: {}}}')}"
    if kind == "string_pattern_mismatch" and context["pattern"] in _FORMS:
        return _FORMS[context["pattern"]]
    if kind not in _EXPECTED:
        return None
    return _EXPECTED[kind].format(**context).replace("least 1 entries", "least one entry")


def found(value: Any) -> str:
    """Show a value as a config would write it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = f"the date {value}" if isinstance(value, date) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def text_in_quotes(value: Any, pattern: str | None) -> str:
    """Say how to write as text what YAML takes for a number, a date, or true and false.

    Parameters
    ----------
    pattern
        What the text must fit, if anything: with quotes alone a number may still be wrong.

    >>> text_in_quotes(1.0, None), text_in_quotes(1.0, NAME), text_in_quotes(["a"], None)
    ('text in quotes, such as "1.0"', 'a letter, then letters, digits or _', 'text')
    """
    if not isinstance(value, int | float | date):
        return "text"
    if pattern and not re.search(pattern, str(value)):
        return _FORMS.get(pattern, "text")
    # Of true nobody knows whether `on`, `yes` or `true` was written.
    return "text in quotes" + ("" if isinstance(value, bool) else f', such as "{value}"')


def _such_as(models: list[type[BaseModel]], form: str) -> str:
    examples = [form.format(example) for model in models[:1] if (example := _example(model))]
    return f", such as {examples[0]}" if examples else ""


def _example(model: type[BaseModel]) -> str | None:
    """Write the first plain key of a model, with its default, or with a number if it has none."""
    for name, field in model.model_fields.items():
        if field.is_required() and field.annotation is int:
            return f"{{{name}: 20}}"
        if isinstance(field.default, bool | int | float | str) and field.default != "":
            return f"{{{name}: {str(field.default).lower()}}}"
    return None
