"""`rs3l-train embed`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.choices import choice
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
    splits: Annotated[
        list[str] | None, choice("splits", "split", "Only these of train, validation and test.")
    ] = None,
    views: Annotated[list[str] | None, choice("views", "view", "Only these views.")] = None,
    corrupt: Corrupt = "stop",
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Write the embeddings of jets, and a tagger's scores, to an HDF5 file.

    Example: rs3l-train embed --data DATASET --model RUN --splits test --out test.h5
    """
    from rs3l_train.tasks import embed as task

    with logging_to(log), naming_skip(data, corrupt, "--corrupt skip"):
        chosen = opened(data, corrupt).select(splits=splits, views=views)
        summary = task.embed(chosen, model, out)
    typer.echo(json.dumps(summary) if as_json else str(out))
