"""`finetune`: one tagger trained, and tested in every view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rs3l_data.store.reader import Dataset
from rs3l_train.config import NetworkMode, Resume, TrainingConfig
from rs3l_train.loop.device import prepare
from rs3l_train.loop.folder import require_own
from rs3l_train.loop.out_of_memory import out_of_memory_says
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.tasks.bench import OUT_OF_MEMORY, set_bench
from rs3l_train.tasks.evaluate import tested
from rs3l_train.tasks.model import load_pretrained
from rs3l_train.tasks.trained import Trainings


@out_of_memory_says(OUT_OF_MEMORY)
def finetune(
    dataset: Dataset,
    config: TrainingConfig,
    pretrained: Path | None,
    mode: NetworkMode,
    n_labels: int,
    folder: Path,
    resume: Resume = "auto",
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Train one tagger, test it in every view, and save both.

    Parameters
    ----------
    resume
        What to do about an earlier training in the folder; see `Trainings`.
    processes
        Those that share the training; the first tests and writes.

    Returns
    -------
    dict
        The content of ``metrics.json``; of the other processes how the training went.

    Raises
    ------
    ConfigError, InputFileError
        If dataset, config and pretrained network do not fit together.
    TrainingError
        If the loss is no longer a number, or memory is lacking.
    """
    require_own(folder, "finetune")
    backbone = None if pretrained is None else load_pretrained(pretrained, config)
    bench = set_bench(dataset, config, prepare(config), [(n_labels, 0)])
    trainings = Trainings(bench, backbone, resume, processes)
    tagger, details = trainings.tagger(mode, n_labels, 0, folder)
    if not processes.first:
        return details
    begun_with = trainings.begins_with(mode)
    learned_from = {} if begun_with is None else begun_with.learned_from
    return tested(bench, tagger, folder, {"stage": "finetune", **details}, learned_from)
