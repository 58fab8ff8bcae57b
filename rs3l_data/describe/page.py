"""The reference page of a config, written from its description."""

from __future__ import annotations

from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rs3l_data.describe.config import Config


def config_markdown() -> str:
    """Write one Markdown table for each block of a config, in their order."""
    return "\n".join(tables(Config, ""))


def tables(model: type[BaseModel], path: str) -> list[str]:
    """Write one table for a block and one for each below it.

    Raises
    ------
    ValueError
        If a key has no description.
    """
    lines = [f"### {f'`{path}`' if path else 'Top level'}", "", _summary(model), ""]
    lines += ["| key | default | meaning |", "|---|---|---|"]
    below = []
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        place = f"{path}.{name}" if path else name
        if inner is not None:
            per_name = "<name>" if "dict" in str(field.annotation) else ""
            below += tables(inner, f"{place}.{per_name}" if per_name else place)
        lines.append(f"| `{name}` | {_default(model, name)} | {_meaning(place, field, inner)} |")
    return [*lines, "", *below]


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip()


def _meaning(place: str, field: FieldInfo, inner: type[BaseModel] | None) -> str:
    meaning = field.description or (_summary(inner) if inner else "")
    if not meaning:
        raise ValueError(f"{place}: expected a description of this key, found none")
    return meaning.replace("|", "\\|")


def _default(model: type[BaseModel], name: str) -> str:
    field = model.model_fields[name]
    if field.is_required():
        return "required" if name in model.model_json_schema()["required"] else "the catalogue's"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    return f"`{list(value) if isinstance(value, tuple) else value}`" if value != "" else ""


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for part in get_args(annotation) if (m := _model_in(part))), None)
