"""The base of every validated description, and its errors in words.

An unknown key is an error that names the file, the path of the key and the nearest valid one;
a bad value names what was found and what was expected.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from rs3l_data.describe.wording import expected, found, text_in_quotes
from rs3l_data.errors import ConfigError


class Strict(BaseModel):
    """A frozen pydantic model that knows exactly its own keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, values: Any) -> Any:
        """Refuse true and false as 1 and 0, which pydantic takes them for."""
        for name, value in values.items() if isinstance(values, Mapping) else ():
            if name in _numbers_of(cls) and _has_truth(value):
                raise PydanticCustomError("truth", "{key}", {"key": name, "value": value})
        return values


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Named:
    """Let a union of models that are told apart by their `name` go without it.

    For ``Annotated[A | B, Field(discriminator="name"), Named("a")]``: a mapping that has no `name`
    is taken for the model whose name is ``default``.
    """

    default: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Validate what has a name then."""
        return core_schema.no_info_before_validator_function(self._with_name, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Say that only the default goes without, else a mapping might fit several models."""
        union = handler(schema)
        mapping = union.pop("discriminator")["mapping"]
        default = mapping[self.default]
        union["oneOf"] = [
            one if one["$ref"] == default else {**one, "required": ["name"]}
            for one in union["oneOf"]
        ]
        return union

    def _with_name(self, value: Any) -> Any:
        return {"name": self.default, **value} if isinstance(value, Mapping) else value


def nearest(name: str, valid: Collection[str], listed_in: str = "") -> str:
    """Say which valid name was probably meant.

    Parameters
    ----------
    listed_in
        The page with all names, where they are too many for a message.

    >>> nearest("nominl", ["nominal", "seed"])
    "did you mean 'nominal'? Valid: nominal, seed"
    >>> nearest("nominl", ["nominal", "seed"], "docs/views.md")
    "did you mean 'nominal'? All 2 are in docs/views.md"
    """
    close = difflib.get_close_matches(name, valid, n=4 if listed_in else 1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    if not listed_in:
        return f"{hint}Valid: {', '.join(valid)}"
    also = f"Similar: {', '.join(close[1:])}. " if close[1:] else ""
    return f"{hint}{also}{'All' if hint else 'all'} {len(valid)} are in {listed_in}"


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
        raise ConfigError(f"{source}: expected a mapping of keys to values, found {found(data)}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = _all_in_words(model, error.errors())
        raise ConfigError("\n".join(f"{source}: {line}" for line in lines)) from None


def _all_in_words(model: type[BaseModel], faults: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell every fault in one line; one line for a value that may be of several kinds."""
    lines: list[str] = []
    wrong: dict[tuple[str, str], list[str]] = {}
    as_text: dict[tuple[str, str], str] = {}
    places = [_walk(model, fault["loc"])[0] for fault in faults]
    for fault in faults:
        place, value = fault["loc"], found(fault["input"])
        shown, models = _walk(model, place)
        if fault["type"] == "invalid_key":
            shown[-1] = value  # which pydantic writes 1 for true
        path = ".".join(shown)
        kind = expected(fault, models)
        inside = any(len(p) > len(shown) and p[: len(shown)] == shown for p in places)
        if inside and (fault["type"] == "too_short" or fault["type"].endswith("_type")):
            continue  # its entries are wrong, and told
        if kind is None:
            lines.append(_in_words(model, fault, path))
        else:
            if place[-1:] == ("[key]",):
                if kind == "text":  # what YAML takes for something else: `on`, a date, a number
                    path, kind = ".".join(shown[:-1]), "text in quotes"
                kind += " as the key"
            wrong.setdefault((path, value), []).append(kind)
            as_text[path, value] = text_in_quotes(fault["input"], _pattern_of(model, place))
    for one, kinds in wrong.items():
        if {*kinds} == {"text"}:
            kinds[:] = [as_text[one]]
    return lines + [
        f"{path}: expected {' or '.join(dict.fromkeys(kinds))}; found {value}"
        for (path, value), kinds in wrong.items()
    ]


def _in_words(model: type[BaseModel], fault: Mapping[str, Any], path: str) -> str:
    if fault["type"] in ("extra_forbidden", "invalid_key"):
        return f"{path}: {_unknown_key(model, fault['loc'])}"
    if fault["type"] == "missing":
        return f"{path}: this key is required"
    if fault["type"] == "union_tag_invalid":
        _, inside = _walk(model, fault["loc"])
        key = fault["ctx"]["discriminator"].strip("'")
        valid = [tag for m in inside for tag in get_args(m.model_fields[key].annotation)]
        name = str(fault["ctx"]["tag"])
        return f"{path}.{key}: there is no {name!r}; {nearest(name, valid)}"
    if fault["type"] == "truth":
        context = fault["ctx"]
        place = f"{path}.{context['key']}" if path else context["key"]
        return f"{place}: expected a number; found {found(context['value'])}"
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return f"{path}: {message}" if path else message
    return f"{path}: {message[0].lower()}{message[1:]}; found {found(fault['input'])}"


def _unknown_key(model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    key = str(loc[-1])
    _, around = _walk(model, loc[:-1])
    valid = sorted({name for m in around for name in m.model_fields})
    # In a union of models told apart by a tag, the tag is the step before the key.
    _, union = _walk(model, loc[:-2])
    tag = str(loc[-2]) if len(loc) > 1 else None
    if any(tag in tags(m) for m in union):
        others = [repr(tags(m)[0]) for m in union if key in m.model_fields and tag not in tags(m)]
        if others:
            return (
                f"no key of {tag!r}, but of {' and '.join(others)}; choose another `name`, or"
                f" a key of this one: {', '.join(valid)}"
            )
    first, *inner = key.split(".")
    if inner and all(inner) and first in valid:  # as messages and pages write the place of a key
        nested = ": { ".join([first, *inner]) + ": …" + " }" * len(inner)
        return f"unknown key; write one block in another: {nested}"
    return f"unknown key; {nearest(key, valid)}"


def _walk(model: Any, loc: tuple[Any, ...]) -> tuple[list[str], list[type[BaseModel]]]:
    """Follow a location through models, dicts, lists, optionals and unions.

    Returns
    -------
    path
        The steps as a user writes them: without those by which pydantic tells the members of a
        union, or a key and its value, apart.
    models
        Those that may stand at the end.
    """
    path = []
    models = models_in(model)
    for step in map(str, loc):
        tagged = [m for m in models if step in tags(m)]
        if tagged and len(models) > 1:
            models = tagged
            continue
        if step == "[key]" or (not models and _is_kind(step)):
            continue
        path.append(step)
        fields = [m.model_fields[step] for m in models if step in m.model_fields]
        if fields:
            models = models_in(fields[0].annotation)
        # A dict's key or a list's index does not change which models are inside.
    return path, models


def _pattern_of(model: type[BaseModel], loc: tuple[Any, ...]) -> str | None:
    """Find what the text of a field must fit."""
    key = str(loc[-1]) if loc else ""
    _, around = _walk(model, loc[:-1])
    rules = [rule for m in around if key in m.model_fields for rule in m.model_fields[key].metadata]
    return next((rule.pattern for rule in rules if getattr(rule, "pattern", None)), None)


def _is_kind(step: str) -> bool:
    """Say whether a step names a kind of plain values, as in a union of text and lists."""
    kinds = ("str", "constrained-str", "int", "float", "bool")
    return step in kinds or step.startswith(("tuple[", "list[", "dict["))


def tags(model: type[BaseModel]) -> list[Any]:
    """List the names by which a union may know a model: the values of its literal fields."""
    fields = model.model_fields.values()
    return [
        v for f in fields if get_origin(f.annotation) is Literal for v in get_args(f.annotation)
    ]


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """List the models that a field may hold, be it in a union, a list or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


@cache
def _numbers_of(model: type[BaseModel]) -> frozenset[str]:
    """Name the fields that hold numbers and no true or false."""
    kinds = {name: {*_kinds_in(field.annotation)} for name, field in model.model_fields.items()}
    return frozenset(name for name, of in kinds.items() if of & {int, float} and bool not in of)


def _kinds_in(annotation: Any) -> Iterator[Any]:
    """Give what values of an annotation are made of: plain types, and the values of literals."""
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        arguments = arguments[1:]
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _kinds_in(argument)


def _has_truth(value: Any) -> bool:
    """Say whether a value is true or false, or a list or mapping with one."""
    if isinstance(value, Mapping):
        return any(map(_has_truth, value.values()))
    return isinstance(value, bool) or (isinstance(value, list) and any(map(_has_truth, value)))
