"""`rs3l-train embed`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.errors import ConfigError
from rs3l_data.progress import logging_to
from rs3l_train.commands.options import (
    Corrupt,
    Data,
    Json,
    Log,
    Model,
    naming_skip,
    opened,
)


def embed(
    data: Data,
    model: Model,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The HDF5 file to write.", dir_okay=False)
    ],
    split: Annotated[
        str | None, typer.Option("--split", help="train, validation or test; else all.")
    ] = None,
    views: Annotated[
        str | None, typer.Option("--views", help="Views, separated by commas; else all.")
    ] = None,
    corrupt: Corrupt = "stop",
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Write the embeddings of jets, and a tagger's scores, to an HDF5 file.

    Example: rs3l-train embed --data DATASET --model RUN --split test --out test.h5
    """
    from rs3l_train.tasks import embed as task

    with logging_to(log), naming_skip(data, corrupt, "--corrupt skip"):
        names = None if views is None else [name.strip() for name in views.split(",")]
        if names is not None and not all(names):
            raise ConfigError(f"--views {views!r}: a name is empty; write --views nominal,seed")
        chosen = opened(data, corrupt).select(splits=split, views=names)
        summary = task.embed(chosen, model, out)
    typer.echo(json.dumps(summary) if as_json else str(out))
