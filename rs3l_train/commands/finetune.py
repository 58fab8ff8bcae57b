"""`rs3l-train finetune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.errors import ConfigError
from rs3l_train.commands.options import (
    Config,
    Data,
    Json,
    Log,
    Out,
    Overrides,
    Resume,
    answer,
    training,
)
from rs3l_train.config import NetworkMode, load_training


def finetune(
    data: Data,
    config: Config,
    out: Out,
    pretrained: Annotated[
        str, typer.Option("--pretrained", help="Folder of a pretraining, or `none`.")
    ],
    mode: Annotated[NetworkMode, typer.Option("--mode", help="How to train the tagger.")],
    labels: Annotated[int, typer.Option("--labels", min=4, help="Labelled jets to use.")],
    overrides: Overrides = None,
    resume: Resume = "auto",
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Train a tagger on some labelled jets, and test it in every view.

    Example: rs3l-train finetune --data DATASET --config CONFIG.yaml --pretrained RUN
    --mode full --labels 1000 --out TAGGER

    On several GPUs: torchrun --nproc-per-node N -m rs3l_train finetune ...
    """
    from rs3l_train.tasks import finetune as task
    from rs3l_train.tasks.tables import tagger_table

    settings = load_training(config, overrides)
    folder = None if pretrained == "none" else Path(pretrained)
    if (folder is None) != (mode == "scratch"):
        raise ConfigError(
            f"--mode {mode} --pretrained {pretrained}: scratch goes with `none`, all others"
            " with the folder of a pretraining"
        )
    with training(data, settings, out, log) as (dataset, processes):
        metrics = task.finetune(dataset, settings, folder, mode, labels, out, resume, processes)
    if processes.first:
        answer(metrics, out, as_json, tagger_table)
