"""A config cut down to one chunk of one process: to see what a job of it does and takes."""

from __future__ import annotations

from rs3l_data.describe.config import Config


def one_chunk(config: Config, process: str, events: int) -> Config:
    """Make a config of one process with one chunk of so many events."""
    size = {"events": events, "chunk_events": events}
    spec = config.processes[process].model_copy(update=size)
    return config.model_copy(update={"processes": {process: spec}})
