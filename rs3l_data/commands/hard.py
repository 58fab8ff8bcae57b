"""`rs3l-data hard`: generate the hard events of one chunk."""

from __future__ import annotations

from rs3l_data.commands.options import Chunk, ConfigFile, Log, Out, Process, ProgressStyle


def hard(
    config_file: ConfigFile,
    process: Process,
    chunk: Chunk,
    out: Out,
    log: Log = None,
    progress: ProgressStyle = "auto",
) -> None:
    """Generate hard events: the parton-level state before any shower.

    Example: rs3l-data hard config/demo.yaml hbb 0 --out hbb-0.h5
    """
    from rs3l_data.chain import hard_chunk
    from rs3l_data.commands.generating import generating
    from rs3l_data.describe.chunks import events_of
    from rs3l_data.describe.load import load_config
    from rs3l_data.jobs.provenance import attributes
    from rs3l_data.store.hard import write_hard_events
    from rs3l_data.store.hdf5 import require_place

    config = load_config(config_file)
    total = len(events_of(config, process, chunk))
    require_place(out, "hard")
    with generating(f"hard {process}/{chunk}", total, log, progress) as bar:
        events, run = hard_chunk(config, process, chunk, bar)
        write_hard_events(out, events, run, attributes(config), config.store.compression)
