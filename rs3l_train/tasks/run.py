"""The usual chain in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rs3l_data.store.reader import Dataset
from rs3l_train.config import Fresh, TrainingConfig
from rs3l_train.loop.folder import require_own, save_config
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.tasks.bench import require_task
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.study import study


def run(
    dataset: Dataset,
    config: TrainingConfig,
    folder: Path,
    resume: Fresh = "auto",
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Pretrain, train taggers with and without that, test them in every view, draw the pictures.

    Leaves ``config.yaml`` (every default filled in), ``pretrain/`` and ``study/`` in the folder.

    Parameters
    ----------
    resume
        ``auto``: take what is done there already with the same settings and data, and go on with
        what was stopped; ``never``: start anew.
    processes
        Those that share the work; only the first writes.

    Returns
    -------
    dict
        The content of the study's ``metrics.json``; of the other processes nothing.

    Raises
    ------
    ConfigError, InputFileError
        If dataset and config do not fit together.
    TrainingError
        If a loss is no longer a number, or memory is lacking.
    TrainingStoppedError
        If a signal asked to stop; the state is saved.
    """
    require_own(folder, "run")
    require_task(dataset, config)
    pretrain(dataset, config, folder / "pretrain", resume, processes)
    if processes.first:
        save_config(folder, config)
    processes.wait()
    return study(dataset, config, folder / "pretrain", folder / "study", resume, processes)
