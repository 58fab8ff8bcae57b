"""The base of every validated description, and its errors in words.

An unknown key is an error that names the file, the path of the key and the nearest valid one;
a bad value names what was found and what was expected.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from rs3l_data.errors import ConfigError, InputFileError


class Strict(BaseModel):
    """A frozen pydantic model that knows exactly its own keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


M = TypeVar("M", bound=BaseModel)


def nearest(name: str, valid: list[str]) -> str:
    """Say which valid name was probably meant.

    >>> nearest("nominl", ["nominal", "seed"])
    "did you mean 'nominal'? Valid: nominal, seed"
    """
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}Valid: {', '.join(valid)}"


def validate(model: type[M], data: Any, source: str) -> M:
    """Validate ``data`` (as read from YAML or JSON) against ``model``.

    Parameters
    ----------
    source
        What the error message calls the place that the data came from, usually a file's path.

    Raises
    ------
    ConfigError
        With one line for each fault: path of the key, value found, what was expected.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{source}: expected a mapping of keys, found {type(data).__name__}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = [_in_words(model, fault) for fault in error.errors()]
        raise ConfigError("\n".join(f"{source}: {line}" for line in lines)) from None


def read_yaml(path: Path) -> Any:
    """Read one YAML (or JSON) document.

    Raises
    ------
    InputFileError
        If the file is missing or is no YAML; the message holds line and column.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputFileError(f"{path}: no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputFileError(f"{path}: not a YAML file: {error}") from None


def _in_words(model: type[BaseModel], fault: Mapping[str, Any]) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        return f"{path}: unknown key; {nearest(key, _keys_at(model, fault['loc'][:-1]))}"
    if fault["type"] == "missing":
        return f"{path}: this key is required"
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return f"{path}: {message}" if path else message
    return f"{path}: {message[0].lower()}{message[1:]}; found {fault['input']!r}"


def _keys_at(model: Any, loc: tuple[Any, ...]) -> list[str]:
    """List the valid keys at a location, walking through dicts, lists, optionals and unions."""
    for step in loc:
        candidates = [m for m in _models_in(model) if str(step) in m.model_fields]
        if candidates:
            model = candidates[0].model_fields[str(step)].annotation
            continue
        # A dict's key or a list's index does not change which models are inside; a union's tag
        # leaves one of them.
        model = next((m for m in _models_in(model) if _has_tag(m, step)), model)
    return sorted({key for m in _models_in(model) for key in m.model_fields})


def _has_tag(model: type[BaseModel], tag: Any) -> bool:
    annotations = (field.annotation for field in model.model_fields.values())
    return any(get_origin(a) is Literal and tag in get_args(a) for a in annotations)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
