"""`rs3l-data onepass`: events of Pythia in one go, for views to be compared with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from rs3l_data.commands.options import (
    Chunk,
    ConfigFile,
    Log,
    Out,
    PileupFile,
    Process,
    ProgressStyle,
)


def onepass(
    config_file: ConfigFile,
    process: Process,
    chunk: Chunk,
    out: Out,
    view: Annotated[
        str | None,
        typer.Option("--view", help="The view whose settings are used; the first if not given."),
    ] = None,
    pileup_file: PileupFile = None,
    log: Log = None,
    progress: ProgressStyle = "auto",
) -> None:
    """Run Pythia in one go, nothing saved and nothing restored, through detector and jets.

    Writes a shard of its own events; `validation` compares the views with it.

    Example: rs3l-data onepass config/demo.yaml hbb 0 --view fsr_up --out hbb-0.h5
    """
    from rs3l_data.chain import initiator_table, onepass_chunk
    from rs3l_data.commands.generating import generating
    from rs3l_data.describe.load import load_config
    from rs3l_data.describe.references import onepass_events, reference_of
    from rs3l_data.jobs.inputs import read_sample_of
    from rs3l_data.jobs.provenance import attributes
    from rs3l_data.store.hdf5 import require_place
    from rs3l_data.store.shard import write_shard

    config = load_config(config_file)
    config.require("processes", process)
    name = reference_of(
        config, (config.validation.views or [*config.views])[0] if view is None else view
    ).name
    total = len(onepass_events(config, process, chunk))
    require_place(out, "shard")
    sample = None if pileup_file is None else read_sample_of(config, pileup_file)
    with generating(f"one-pass {process}/{chunk} {name}", total, log, progress) as bar:
        hard, run, views = onepass_chunk(config, process, name, chunk, bar, sample)
        own = {
            "process_names": [*config.processes],
            "label_names": [*config.labels],
            "run": asdict(run),
        }
        initiators = initiator_table(config, process, hard)
        write_shard(out, initiators, views, {**attributes(config), **own}, config.store.compression)
