"""What a training depends on: what another must share with it, to go on with it or to take it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rs3l_data.source import source_digest
from rs3l_train.config.announced import own_packages

PACKAGE = Path(__file__).parents[1]
MODE = "--mode"
"""Key of what only a tagger has, by which its checkpoint is told from a pretraining's"""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a training depends on, each flat, key to JSON value."""

    fixed: Mapping[str, Any]
    """What cannot change on the way: network, inputs, data, seed"""
    settings: Mapping[str, Any]
    """What a user may insist on changing: learning rates, budgets, ..."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What stood for a key before there was one"""

    @property
    def whole(self) -> dict[str, Any]:
        """All of it, as it comes back from JSON."""
        whole: dict[str, Any] = json.loads(json.dumps({**self.fixed, **self.settings}))
        return whole


def differing(
    asked: Mapping[str, Any], saved: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
) -> list[str]:
    """Say of each key that differs what it is and what it was.

    Parameters
    ----------
    defaults
        What a key was that is not among the saved: the code may not have had it then.
    """
    # What comes from JSON has lists for tuples.
    asked, defaults = json.loads(json.dumps([asked, defaults or {}]))
    new = {key for key in asked.keys() - saved.keys() if not _within(key, saved)}
    saved = {**{key: value for key, value in defaults.items() if key in new}, **saved}
    return [
        f"{key} is now {asked.get(key)!r} and was {saved.get(key)!r}"
        for key in {**asked, **saved}
        if asked.get(key) != saved.get(key)
    ]


def _within(key: str, saved: Mapping[str, Any]) -> bool:
    """Say whether a key is of a block that was null as a whole."""
    parts = key.split(".")
    return any(".".join(parts[:n]) in saved for n in range(1, len(parts)))


def flat(path: str, block: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the values of a nested block with the paths of their keys."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield from flat(f"{path}.{key}", value)
        else:
            yield f"{path}.{key}", value


def flat_defaults(path: str, block: BaseModel) -> Iterator[tuple[str, Any]]:
    """Give the defaults of all keys that have one, with their paths, as `flat` gives the values."""
    for name, key in type(block).model_fields.items():
        value = getattr(block, name)
        if isinstance(value, BaseModel):
            yield from flat_defaults(f"{path}.{name}", value)
        elif not key.is_required():
            yield f"{path}.{name}", key.get_default(call_default_factory=True)


def software() -> dict[str, str]:
    """Say what trains: the versions, and the code, which one version may have several of."""
    versions = {name: version(name) for name in ("rs3l", "torch")}
    others = {f"the code of {name}": digest for name, digest in own_packages().items()}
    return {**versions, "the code of rs3l_train": source_digest(PACKAGE), **others}
