"""`rs3l-data manifest`: describe a finished dataset in `dataset.json`."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.commands.options import ConfigFile, Log


def manifest(
    config_file: ConfigFile,
    dataset: Annotated[Path, typer.Argument(help="The folder with the shards.")],
    hard: Annotated[Path, typer.Argument(help="The folder with the hard events.")],
    log: Log = None,
) -> None:
    """Write DATASET/dataset.json: files with checksums, counts, cross-sections, config, citation.

    Example: rs3l-data manifest results/demo/{config.yaml,dataset,hard}
    """
    import rs3l_data
    from rs3l_data.commands.provenance import software
    from rs3l_data.describe.config import load_config
    from rs3l_data.describe.resolved import Resolved
    from rs3l_data.progress import logging_to
    from rs3l_data.store.hard import read_hard_run
    from rs3l_data.store.manifest import write_manifest
    from rs3l_data.store.summary import build_manifest

    with logging_to(log):
        chunks = Resolved(load_config(config_file)).chunks
        # By name, not by what lies there: another config may have left shards behind.
        shards = rs3l_data.open([dataset / f"{process}-{chunk}.h5" for process, chunk in chunks])
        runs = [read_hard_run(hard / process / f"{chunk}.h5")[0] for process, chunk in chunks]
        created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        write_manifest(dataset, build_manifest(shards, dataset, runs, software(), created))
