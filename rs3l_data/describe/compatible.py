"""Whether two configs describe the same simulation, so that their rows may lie together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

from rs3l_data.describe.config import Config
from rs3l_data.describe.resolved import Resolved
from rs3l_data.errors import RS3LError

_FREE = ("name", "store", "training", "validation")
"""What has no part in the values of the rows"""

_FREE_OF_PROCESS = ("description", "events", "chunk_events")

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

    Another number of events, another size of chunks and further processes are no hindrance, nor is
    what changes no job, as the pile-up's sample where no view has pile-up.

    Parameters
    ----------
    processes
        Those of which there are rows of both runs: how the others are described has no part in the
        rows. None: all that both describe.

    >>> differences({"seed": 1, "name": "a"}, {"seed": 2, "name": "b"})
    ['seed']
    """
    found = _differences(_relevant(one, processes), _relevant(other, processes), "")
    if not found or not _same_jobs(one, other, processes):
        return found
    # What jobs simulate does not depend on them, and rows do.
    return [key for key in found if key.startswith("split") or ".label" in key]


def _same_jobs(
    one: Mapping[str, Any], other: Mapping[str, Any], processes: Collection[str] | None
) -> bool:
    """Say whether two runs would simulate the same; not if one cannot be read as a config.

    Where they have no process in common, each has to make those of both as the other would.
    """
    mine, theirs = (config.get("processes", {}) for config in (one, other))
    names = [name for name in mine if name in theirs] if processes is None else [*processes]
    if not names:
        names = [*{**theirs, **mine}]
        one, other = ({**of, "processes": {**theirs, **mine}} for of in (one, other))
    elif not all(name in mine and name in theirs for name in names):
        return False
    try:
        runs = [Resolved.from_mapping(config, "a dataset's config") for config in (one, other)]
    except RS3LError:
        return False
    first, second = (
        [
            (view, run.fingerprint_of_all("resimulate", name, view))
            for name in names
            for view in run.showers
        ]
        for run in runs
    )
    return first == second and [*runs[0].config.views] == [*runs[1].config.views]


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
            name: {k: v for k, v in process.items() if k not in _FREE_OF_PROCESS}
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
