"""`rs3l-data pack`: join all views of one chunk into a shard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rs3l_data.commands.options import ConfigFile, HardFile, Log, Out

if TYPE_CHECKING:
    from rs3l_data.store.tables import View
    from rs3l_data.store.view_file import ViewFile

_ROWS = 1 << 14
"""Read at once: some 30 MB"""


def pack(
    config_file: ConfigFile,
    hard_file: HardFile,
    view_files: Annotated[list[Path], typer.Argument(help="Each view, as `resimulate` wrote it.")],
    out: Out,
    log: Log = None,
) -> None:
    """Join the views of a chunk of hard events into one shard, row by row.

    Example: rs3l-data pack config/demo.yaml hbb-0.h5 hbb-0-nominal.h5 hbb-0-seed.h5 -o shard.h5
    """
    from rs3l_data.chain import initiator_table, row_weights
    from rs3l_data.describe.load import load_config
    from rs3l_data.describe.names import names_of
    from rs3l_data.jobs.inputs import open_views_of, read_hard_of
    from rs3l_data.jobs.provenance import attributes
    from rs3l_data.progress import logging_to
    from rs3l_data.store.shard import write_shard

    config = load_config(config_file)
    with logging_to(log):
        hard, run = read_hard_of(config, hard_file)
        initiators = initiator_table(config, run.process, hard)
        files = open_views_of(config, run.process, initiators, view_files)
        views = {name: _blocks(file, name) for name, file in files.items()}
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


def _blocks(file: ViewFile, name: str) -> Iterator[View]:
    n_rows = len(file.keys["event"])
    for start in range(0, max(n_rows, 1), _ROWS):
        yield file.read(name, start, min(start + _ROWS, n_rows))
