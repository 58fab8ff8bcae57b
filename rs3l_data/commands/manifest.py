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
    from rs3l_data.describe.load import load_config
    from rs3l_data.describe.resolved import Resolved
    from rs3l_data.jobs.inputs import check_shards, read_runs_of
    from rs3l_data.jobs.provenance import attributes, software
    from rs3l_data.progress import logging_to
    from rs3l_data.store.manifest import write_manifest
    from rs3l_data.store.seal import check_seal
    from rs3l_data.store.shard import open_shard
    from rs3l_data.store.software import warn_of_other_software
    from rs3l_data.store.summary import build_manifest

    with logging_to(log):
        config = load_config(config_file)
        chunks = Resolved(config).chunks
        # By name, not by what lies there: another config may have left shards behind.
        paths = [dataset / f"{process}-{chunk}.h5" for process, chunk in chunks]
        # A manifest would record damaged files as correct.
        known = {path: check_seal(path) for path in paths}
        # Before they are opened together, where an old one would differ from a new one in views.
        each = [open_shard(path) for path in paths]
        check_shards(config, chunks, each)
        shards = rs3l_data.open(paths)
        warn_of_other_software(shards.shards, software())
        # Another config may have left these behind, too, and its cross section would be wrong.
        runs = read_runs_of(config, hard)
        created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        built = build_manifest(shards, dataset, runs, software(), created, known)
        # That of the first shard is older where the dataset has grown since.
        write_manifest(dataset, {**built, "config": attributes(config)["config"]})
