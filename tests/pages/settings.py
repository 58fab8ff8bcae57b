"""The reference page of a config, written from its description."""

from __future__ import annotations

import json
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rs3l_data.describe.strict import models_in, tags


def tables(model: type[BaseModel], path: str, name: str = "") -> list[str]:
    """Write one table for a block and one for each below it.

    Parameters
    ----------
    path
        Of the block's key.
    name
        Of the model, where there are several for the block.

    Raises
    ------
    ValueError
        If a key has no description.
    """
    of_name = f", `name: {name}`" if name else ""
    lines = [f"### {f'`{path}`{of_name}' if path else 'Top level'}", "", _summary(model), ""]
    lines += ["| key | default | meaning |", "|---|---|---|"]
    below = []
    for key, field in model.model_fields.items():
        inside = models_in(field.annotation)
        place = f"{path}.{key}" if path else key
        block = f"{place}.<name>" if inside and "dict" in str(field.annotation) else place
        for one in inside:
            below += tables(one, block, str(tags(one)[0]) if len(inside) > 1 else "")
        lines.append(f"| `{key}` | {_default(model, key)} | {_meaning(place, field, inside)} |")
    return [*lines, "", *below]


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip()


def _meaning(place: str, field: FieldInfo, inside: list[type[BaseModel]]) -> str:
    meaning = field.description or (_summary(inside[0]) if inside else "")
    if not meaning:
        raise ValueError(f"{place}: expected a description of this key, found none")
    choices = [f"`{one}`" for one in _choices(field.annotation)]
    if len(choices) > 1 and not all(one in meaning for one in choices):
        dot = "." if meaning.endswith(".") else ""
        meaning = f"{meaning.removesuffix('.')} ({', '.join(choices)}){dot}"
    return meaning.replace("|", "\\|")


def _choices(annotation: Any) -> list[Any]:
    """Give the words that a key or an entry of its list may be."""
    if get_origin(annotation) is Literal:
        return [*get_args(annotation)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return []
    return [one for inner in get_args(annotation) for one in _choices(inner)]


def _default(model: type[BaseModel], key: str) -> str:
    field = model.model_fields[key]
    if field.is_required():
        return "required" if key in model.model_json_schema()["required"] else "the catalogue's"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    return f"`{_as_in_yaml(value)}`" if value != "" else ""


def _as_in_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
