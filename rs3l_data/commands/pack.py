"""`rs3l-data pack`: join all views of one chunk into a shard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.commands.options import ConfigFile, Log, Out


def pack(
    config_file: ConfigFile,
    hard_file: Annotated[Path, typer.Argument(help="Hard events, as `hard` wrote them.")],
    view_files: Annotated[list[Path], typer.Argument(help="Each view, as `resimulate` wrote it.")],
    out: Out,
    log: Log = None,
) -> None:
    """Join the views of a chunk of hard events into one shard, row by row.

    Example: rs3l-data pack config/demo.yaml hbb-0.h5 hbb-0-nominal.h5 hbb-0-seed.h5 -o shard.h5
    """
    from rs3l_data.chain import initiator_table, row_weights
    from rs3l_data.commands.inputs import read_hard_of, read_views_of
    from rs3l_data.commands.provenance import attributes
    from rs3l_data.describe.config import load_config
    from rs3l_data.describe.names import names_of
    from rs3l_data.progress import logging_to
    from rs3l_data.store.shard import write_shard

    config = load_config(config_file)
    with logging_to(log):
        hard, run = read_hard_of(config, hard_file)
        initiators = initiator_table(config, run.process, hard)
        views = read_views_of(config, run.process, initiators, view_files)
        names = names_of(config, run.process)
        # No timestamps and no paths: the same content gives the same bytes.
        write_shard(
            out,
            initiators,
            views,
            {**attributes(config), **names},
            config.store.compression,
            row_weights(hard, initiators),
        )
