"""`rs3l-train study`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rs3l_train.commands.options import (
    Config,
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


def study(
    data: Data,
    config: Config,
    out: Out,
    pretrained: Annotated[Path, typer.Option("--pretrained", help="Folder of a pretraining.")],
    overrides: Overrides = None,
    resume: Fresh = "auto",
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Compare a pretrained network with one from scratch for several numbers of labels.

    Example: rs3l-train study --data DATASET --config CONFIG.yaml --pretrained RUN
    --out STUDY --set "task.labels=[100, 1000]"

    On several GPUs, each training on one: torchrun --nproc-per-node N -m rs3l_train study ...
    """
    from rs3l_train.tasks import study as task
    from rs3l_train.tasks.tables import study_table

    settings = load_training(config, overrides)
    with training(data, settings, out, log) as (dataset, processes):
        metrics = task.study(dataset, settings, pretrained, out, resume, processes)
    if processes.first:
        answer(metrics, out, as_json, study_table)
