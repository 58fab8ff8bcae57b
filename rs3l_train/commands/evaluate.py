"""`rs3l-train evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.progress import logging_to
from rs3l_train.commands.options import (
    Corrupt,
    Data,
    Json,
    Log,
    answer,
    named_folder,
    naming_skip,
    opened,
)


def evaluate(
    data: Data,
    model: Annotated[Path, typer.Option("--model", help="Folder of a trained tagger.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for the results; else `evaluation` in the tagger's.",
            parser=named_folder,
            metavar="<path>",
        ),
    ] = None,
    corrupt: Corrupt = "stop",
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Test a tagger on the test split of a dataset, in every view.

    Example: rs3l-train evaluate --data DATASET --model TAGGER --out FIGURES
    """
    from rs3l_train.loop.folder import EVALUATION, folder_of
    from rs3l_train.tasks import evaluate as task
    from rs3l_train.tasks.tables import tagger_table

    folder = out or folder_of(model) / EVALUATION
    with logging_to(log), naming_skip(data, corrupt, "--corrupt skip"):
        metrics = task.evaluate(opened(data, corrupt), model, folder)
    answer(metrics, folder, as_json, tagger_table)
