"""The names that the columns `process` and `label` of a shard index."""

from __future__ import annotations

from typing import TypedDict

from rs3l_data.describe.config import Config


class Names(TypedDict):
    """Two attributes of a shard."""

    process_names: list[str]
    label_names: list[str]


def names_of(config: Config, process: str) -> Names:
    """List the names for the shards of a process: those of the config up to its own.

    So the same number means the same name in all shards of a run, and yet a process that is added
    behind the others leaves their shards as they are.
    """
    processes = [*config.processes]
    processes = processes[: processes.index(process) + 1]
    so_far = config.model_copy(update={"processes": {n: config.processes[n] for n in processes}})
    return {"process_names": processes, "label_names": [*so_far.labels]}
