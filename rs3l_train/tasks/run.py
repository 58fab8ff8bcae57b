"""The usual chain in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rs3l_data.store.reader import Dataset
from rs3l_train.config import TrainingConfig
from rs3l_train.loop.files import write_whole
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.study import study


def run(
    dataset: Dataset, config: TrainingConfig, folder: Path, processes: Processes = ALONE
) -> dict[str, Any]:
    """Pretrain, train taggers with and without, test them in every view, draw the pictures.

    Leaves ``config.yaml`` (every default filled in), ``pretrain/`` and ``study/`` in the folder.
    What is done there already, with the same settings and data, is taken as it is.

    Parameters
    ----------
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
        If a loss is no longer a number.
    """
    if processes.first:
        document = {"training": config.model_dump(mode="json")}
        write_whole(folder / "config.yaml", yaml.safe_dump(document, sort_keys=False).encode())
    pretrain(dataset, config, folder / "pretrain", processes=processes)
    processes.wait()
    return study(dataset, config, folder / "pretrain", folder / "study", processes)
