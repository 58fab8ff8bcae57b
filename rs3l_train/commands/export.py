"""`rs3l-train export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.progress import logging_to
from rs3l_train.commands.options import Json, Log, Model


def export(
    model: Model,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="The ONNX file to write, NAME.onnx.", dir_okay=False),
    ],
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Write a network as ONNX, from physical columns to embedding and score.

    Example: rs3l-train export --model TAGGER --out tagger.onnx
    """
    from rs3l_train.tasks import export as task

    with logging_to(log):
        summary = task.export(model, out)
    typer.echo(json.dumps(summary) if as_json else str(out))
