"""Where the training runs."""

from __future__ import annotations

import torch

from rs3l_data.errors import ConfigError
from rs3l_train.config import TrainingConfig


def prepare(config: TrainingConfig) -> torch.device:
    """Choose the device and set the number of CPU threads.

    Raises
    ------
    ConfigError
        If a GPU is asked for and there is none.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("training.device: 'cuda', but PyTorch finds no GPU; use 'auto' or 'cpu'")
    if config.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(config.device)
