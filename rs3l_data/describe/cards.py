"""Detector cards, found by name or path, with other values put into them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.strict import nearest, validate
from rs3l_data.describe.yaml_file import read_yaml
from rs3l_data.errors import ConfigError

CARDS = Path(__file__).parent / "catalogue" / "detectors"


def load_card(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> DetectorCard:
    """Load a detector card.

    Parameters
    ----------
    name_or_path
        A card of the catalogue (``cms``) or the path of a YAML file, which ends in .yaml or .yml.
    overrides
        Values that replace the card's; nested mappings are merged, lists replaced.

    Raises
    ------
    ConfigError
        If the name is unknown or a value is wrong.
    InputFileError
        If the file is missing or no YAML.
    """
    if name_or_path.endswith((".yaml", ".yml")):
        data = read_yaml(Path(name_or_path))
    else:
        known = known_cards()
        if name_or_path not in known:
            raise ConfigError(
                f"detector card '{name_or_path}': no such card; {nearest(name_or_path, known)}. "
                "A card of your own is given by its path, which ends in .yaml"
            )
        data = _known_card(name_or_path)
    if overrides and isinstance(data, Mapping):
        data = merged(data, overrides)
    return validate(DetectorCard, data, f"detector card {name_or_path}")


def known_cards() -> list[str]:
    """List the cards of the catalogue."""
    return sorted(card.stem for card in CARDS.glob("*.yaml"))


@cache
def _known_card(name: str) -> Any:
    """Read a card of the catalogue once: a config with many views asks for it many times."""
    return read_yaml(CARDS / f"{name}.yaml")


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Put changes into nested mappings; lists and values are replaced."""
    result = dict(base)
    for key, value in changes.items():
        below = result.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            value = merged(below, value)
        result[key] = value
    return result


def changes_between(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Give the changes that `merged` puts into ``base`` to get ``other``, which has all its keys.

    >>> changes_between({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2, "d": 4}})
    {'b': {'d': 4}}
    """
    changes = {}
    for key, value in other.items():
        before = base.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if below := changes_between(before, value):
                changes[key] = below
        elif value != before:
            changes[key] = value
    return changes
