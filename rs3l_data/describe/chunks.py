"""Which hard events each job handles, and how many where the config does not say.

A chunk is chosen for each process by its slowest shower: so another view leaves it as it is unless
that view is the slowest, and more events always do. What a run has once chosen is written to its
`config.yaml` and kept (`settled`), because other chunks would be other files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rs3l_data.describe import tree
from rs3l_data.describe.config import Config
from rs3l_data.describe.cost import Costs
from rs3l_data.describe.rates import recorded
from rs3l_data.describe.yaml_file import read_yaml
from rs3l_data.errors import ConfigError, InputFileError

LONGEST_S = 3600.0
"""CPU time of a job: rounding makes of it 24 to 60 minutes."""
LARGEST_MB = 4000.0
"""Memory of a job"""
_STEPS = (5, 2, 1)


def n_chunks(config: Config, process: str) -> int:
    """Count the chunks of a process.

    Raises
    ------
    ConfigError
        If the config has no such process.
    """
    config.require("processes", process)
    return -(-config.processes[process].events // events_in_chunk(config, process))


def events_in_chunk(config: Config, process: str) -> int:
    """Tell the hard events in one job of a process, the last one's apart."""
    given = config.processes[process].chunk_events or config.hard.chunk_events
    return given or chosen(config, process)


def events_of(config: Config, process: str, chunk: int) -> range:
    """List the event numbers of a chunk.

    Raises
    ------
    ConfigError
        If the process has no such chunk.
    """
    count = n_chunks(config, process)
    if not 0 <= chunk < count:
        raise ConfigError(f"chunk {chunk}: process '{process}' has chunks 0 to {count - 1}")
    size = events_in_chunk(config, process)
    return range(config.processes[process].events)[chunk * size : (chunk + 1) * size]


def one_chunk(config: Config, process: str, events: int) -> Config:
    """Cut a config down to one process with one chunk of so many events, to see what a job does."""
    size = {"events": events, "chunk_events": events}
    spec = config.processes[process].model_copy(update=size)
    return config.model_copy(update={"processes": {process: spec}})


def chosen(config: Config, process: str) -> int:
    """Choose the hard events of a chunk by the rates that are shipped with the package.

    The largest of 1, 2, 5, 10, 20, … with which no job takes longer than an hour or more memory
    than 4 GB.
    """
    costs = Costs(config, recorded())
    slowest = max(costs.family_ms(process, root).value for root in tree.roots(config.views))
    in_time = LONGEST_S * 1e3 / max(slowest, 1e-3)
    power: int = 10 ** len(str(int(in_time)))
    while power > 1:
        power //= 10
        for step in _STEPS:
            events = step * power
            if events <= in_time and _memory_mb(costs, process, events) <= LARGEST_MB:
                return events
    return 1


def settled(config: Config, before: Mapping[str, int]) -> Config:
    """Write the size of each process's chunks into a config.

    Parameters
    ----------
    before
        Sizes that an earlier run of the same name has chosen, by process; what the config itself
        gives comes first.
    """
    processes = {
        name: process.model_copy(
            update={
                "chunk_events": process.chunk_events
                or config.hard.chunk_events
                or before.get(name)
                or chosen(config, name)
            }
        )
        for name, process in config.processes.items()
    }
    return config.model_copy(update={"processes": processes})


def sizes_in(path: Path) -> dict[str, int]:
    """Read the sizes of chunks from the `config.yaml` of a run; none where there is no run yet.

    Raises
    ------
    InputFileError
        If the file cannot be read.
    """
    if not path.exists():
        return {}
    saved = read_yaml(path)
    processes: Any = saved.get("processes") if isinstance(saved, dict) else None
    if not isinstance(processes, dict):
        raise InputFileError(
            f"{path}: expected the config of a run, found no processes; if the run's chunks are "
            "to be chosen anew, delete the file"
        )
    found = {name: _size(process) for name, process in processes.items()}
    return {name: size for name, size in found.items() if size is not None}


def _size(process: Any) -> int | None:
    size = process.get("chunk_events") if isinstance(process, dict) else None
    return size if isinstance(size, int) and size > 0 else None


def _memory_mb(costs: Costs, process: str, events: int) -> float:
    showers = (costs.shower(process, root, events) for root in tree.roots(costs.config.views))
    jobs = [costs.hard(process, events), costs.pack(process, events), *showers]
    return max(job.memory_mb for job in jobs)
