"""What a training depends on: what another must share with it, to go on with it or to take it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MODE = "--mode"
"""Key of what only a tagger has, by which its checkpoint is told from a pretraining's"""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a training depends on, each flat, key to JSON value."""

    fixed: Mapping[str, Any]
    """What cannot change on the way: network, inputs, data, seed"""
    settings: Mapping[str, Any]
    """What a user may insist on changing: learning rates, budgets, ..."""

    @property
    def whole(self) -> dict[str, Any]:
        """All of it, as it comes back from JSON."""
        whole: dict[str, Any] = json.loads(json.dumps({**self.fixed, **self.settings}))
        return whole


def differing(asked: Mapping[str, Any], saved: Mapping[str, Any]) -> list[str]:
    """Say of each key that differs what it is and what it was."""
    # What comes from JSON has lists for tuples.
    asked = json.loads(json.dumps(asked))
    return [
        f"{key} is now {asked.get(key)!r} and was {saved.get(key)!r}"
        for key in {**asked, **saved}
        if asked.get(key) != saved.get(key)
    ]


def flat(path: str, block: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the values of a nested block with the paths of their keys."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield from flat(f"{path}.{key}", value)
        else:
            yield f"{path}.{key}", value
