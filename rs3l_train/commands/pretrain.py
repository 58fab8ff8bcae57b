"""`rs3l-train pretrain`."""

from __future__ import annotations

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
from rs3l_train.config import load_training


def pretrain(
    data: Data,
    config: Config,
    out: Out,
    overrides: Overrides = None,
    resume: Resume = "auto",
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Pretrain a network on the views of jets, by the objective that the config names.

    Example: rs3l-train pretrain --data DATASET --config CONFIG.yaml --out RUN
    --set objective.temperature=0.2

    On several GPUs: torchrun --nproc-per-node N -m rs3l_train pretrain ...
    """
    from rs3l_train.tasks import pretrain as task

    settings = load_training(config, overrides)
    with training(data, settings, out, log) as (dataset, processes):
        metrics = task.pretrain(dataset, settings, out, resume, processes)
    if processes.first:
        answer(metrics, out, as_json)
