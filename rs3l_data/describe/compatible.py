"""Whether two configs describe the same simulation, so that their rows may lie together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

from rs3l_data.describe.config import Config

_FREE = ("name", "store", "training", "validation")
"""What has no part in the values of the rows"""

_DEFAULTS = {
    name: field.default.model_dump(mode="json")
    for name, field in Config.model_fields.items()
    if isinstance(field.default, BaseModel)
}
"""What a block that says nothing of a key means: it was written before there was this key"""


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any], processes: Collection[str] | None = None
) -> list[str]:
    """List the keys, as ``hard.pt``, whose values forbid to put the rows of two runs together.

    Another number of events, another size of chunks and further processes are no hindrance.

    Parameters
    ----------
    processes
        Those of which there are rows of both runs: how the others are described has no part in the
        rows. None: all that both describe.

    >>> differences({"seed": 1, "name": "a"}, {"seed": 2, "name": "b"})
    ['seed']
    """
    return _differences(_relevant(one, processes), _relevant(other, processes), "")


def joined(
    one: Mapping[str, Any], other: Mapping[str, Any], of_other: Collection[str] = ()
) -> dict[str, Any]:
    """Describe the rows of two compatible runs together: the first, with all processes.

    Parameters
    ----------
    of_other
        Processes of which only the other has rows, so that its description counts.
    """
    if "processes" not in one and "processes" not in other:
        return dict(one)
    processes = {**other.get("processes", {}), **one.get("processes", {})}
    processes |= {n: p for n, p in other.get("processes", {}).items() if n in of_other}
    for name, process in processes.items():
        counts = [
            config["processes"][name]["events"]
            for config in (one, other)
            if "events" in config.get("processes", {}).get(name, {})
        ]
        if counts:
            processes[name] = {**process, "events": max(counts)}
    ordered = [*one.get("processes", {}), *other.get("processes", {})]
    return {**one, "processes": {name: processes[name] for name in dict.fromkeys(ordered)}}


def _relevant(config: Mapping[str, Any], processes: Collection[str] | None) -> dict[str, Any]:
    kept = {
        key: {**_DEFAULTS.get(key, {}), **value} if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key not in _FREE
    }
    if isinstance(kept.get("hard"), Mapping):
        kept["hard"] = {k: v for k, v in kept["hard"].items() if k != "chunk_events"}
    if isinstance(kept.get("processes"), Mapping):
        kept["processes"] = {
            name: {k: v for k, v in process.items() if k not in ("events", "chunk_events")}
            if isinstance(process, Mapping)
            else process
            for name, process in kept["processes"].items()
            if processes is None or name in processes
        }
    return kept


def _differences(one: Any, other: Any, path: str) -> list[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = [*one, *(key for key in other if key not in one)]
        if path == "processes":
            keys = [key for key in one if key in other]
        return [
            difference
            for key in keys
            for difference in _differences(
                one.get(key), other.get(key), f"{path}.{key}" if path else str(key)
            )
        ]
    return [] if one == other else [path]
