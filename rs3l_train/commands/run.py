"""`rs3l-train run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rs3l_train.commands.options import (
    Data,
    Fresh,
    Json,
    Log,
    Out,
    Overrides,
    answer,
    training,
)
from rs3l_train.config import load_training


def run(
    data: Data,
    out: Out,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="A config with a `training` block; else the defaults."),
    ] = None,
    overrides: Overrides = None,
    resume: Fresh = "auto",
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Do the usual chain: pretrain, train taggers, test them in every view, draw the pictures.

    Example: rs3l-train run --data results/demo/dataset --config config/demo.yaml
    --out results/demo/training

    On several GPUs: torchrun --nproc-per-node N -m rs3l_train run ...
    """
    from rs3l_train.tasks import run as task
    from rs3l_train.tasks.tables import study_table

    settings = load_training(config, overrides)
    with training(data, settings, out, log) as (dataset, processes):
        metrics = task.run(dataset, settings, out, resume, processes)
    if processes.first:
        answer(metrics, out / "study", as_json, study_table)
