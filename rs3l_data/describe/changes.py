"""What a view changes, in words: for the dataset card, the report and the page of variations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rs3l_data.describe.catalogue import catalogue


def described(view: Mapping[str, Any]) -> tuple[list[str], str]:
    """Say what a view changes besides the random numbers, and where that comes from.

    Parameters
    ----------
    view
        Its entry in a config, which may be that of another version: a variation that the catalogue
        does not have is no error.

    Returns
    -------
    changes
        ``key = value`` each, and ``tune <name>``; empty where nothing changes.
    source
        Of a variation of the catalogue, and of the tune that it names; empty for what the config
        itself says.

    Examples
    --------
    >>> described({"variation": ["StringFlav:probStoUD = 0.3"], "pileup": {"mean": 60}})
    (['StringFlav:probStoUD = 0.3', 'pileup.mean = 60'], '')
    """
    variation = view.get("variation") or ()
    changes, source = _known(variation) if isinstance(variation, str) else ([*variation], "")
    changes += changed_keys(view.get("detector", {}))
    changes += changed_keys(view.get("pileup", {}), "pileup.")
    if view.get("hepmc"):
        changes.append("shower = another program's (HepMC)")
    return changes, source


def described_among(
    view: Mapping[str, Any], views: Mapping[str, Any], shown: Collection[str]
) -> tuple[list[str], str]:
    """Say what a view changes, where others of its config are not there to tell what they do.

    Parameters
    ----------
    view
        Its entry in the config, as `described` takes it.
    views
        All of the config.
    shown
        The names of those that are described beside it.

    Returns
    -------
    As `described`; before its own come the changes of those that it starts from and that are not
    ``shown``: ``key = value (of <view>)``.
    """
    changes, source = described(view)
    told, parent = {*shown}, view.get("of", "")
    while parent in views and parent not in told:
        told.add(parent)
        changes = [*(f"{one} (of {parent})" for one in described(views[parent])[0]), *changes]
        parent = views[parent].get("of", "")
    return changes, source


def changed_keys(changes: Mapping[str, Any], path: str = "") -> list[str]:
    """List in words which keys of a card change; lists, such as all cells, without their values.

    >>> changed_keys({"ecal": {"energy_min": 1.0, "cells": [{"rings": 34}]}, "hcal_scale": 1.03})
    ['ecal.energy_min = 1.0', 'ecal.cells = [...]', 'hcal_scale = 1.03']
    """
    keys: list[str] = []
    for key, value in changes.items():
        if isinstance(value, Mapping):
            keys += changed_keys(value, f"{path}{key}.")
        else:
            keys.append(f"{path}{key} = {'[...]' if isinstance(value, list | tuple) else value}")
    return keys


def _known(variation: str) -> tuple[list[str], str]:
    found = catalogue("variations").get(variation)
    if found is None:
        return [], "not in this version's catalogue"
    changes = [*found.get("settings", ()), *changed_keys(found.get("detector", {}))]
    if "tune" not in found:
        return changes, found["source"]
    tune = found["tune"]
    return [f"tune {tune}", *changes], f"{found['source']}: {catalogue('tunes')[tune]['source']}"
