"""Where the training runs, and how precisely."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

from rs3l_data.errors import ConfigError
from rs3l_train.config import TrainingConfig
from rs3l_train.loop.processes import local_gpu

logger = logging.getLogger(__name__)


def prepare(config: TrainingConfig) -> torch.device:
    """Choose the device, one GPU for each process, and set the number of CPU threads.

    On a GPU, attention is kept from cuDNN: it prepares a plan of some 0.5 s for each new shape
    (https://github.com/modelscope/FunASR/issues/3704), and nearly every batch has another number
    of jets; and with a mask and 64 constituents, gradients may be NaN
    (https://github.com/pytorch/pytorch/issues/196678).

    Raises
    ------
    ConfigError
        If a GPU is asked for and there is none, or none for this process.
    """
    # Most commands come here more than once, and a warning is told once.
    if config.threads is not None and config.threads != torch.get_num_threads():
        _warn_of_too_many(config.threads)
        torch.set_num_threads(config.threads)
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("training.device: 'cuda', but PyTorch finds no GPU; use 'auto' or 'cpu'")
    if config.device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    gpus, own = torch.cuda.device_count(), local_gpu()
    if own >= gpus:
        raise ConfigError(
            f"process {own} of this machine has no GPU of its own, as there are {gpus}; start"
            f" torchrun with --nproc-per-node {gpus}, or use training.device: cpu"
        )
    torch.cuda.set_device(own)
    torch.backends.cuda.enable_cudnn_sdp(False)
    return torch.device("cuda", own)


def _warn_of_too_many(threads: int) -> None:
    cores = len(os.sched_getaffinity(0))
    if threads > cores:
        logger.warning(
            "training.threads: %d, but this process may use %d cores; more threads than cores"
            " wait for one another",
            *(threads, cores),
        )


def on_this_machine(config: TrainingConfig) -> TrainingConfig:
    """Forget the machine of a trained network, which serves on any: device, number of threads."""
    return config.model_copy(update={"device": "auto", "threads": None})


def precision_of(config: TrainingConfig, device: torch.device) -> AbstractContextManager[None]:
    """Give the context in which a network runs with the config's precision."""
    bf16 = config.loop.precision == "bf16"
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16)


def adam(
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    learning_rate: float,
    device: torch.device,
) -> torch.optim.Adam:
    """Make the optimiser, on a GPU in one kernel for all parameters."""
    return torch.optim.Adam(parameters, learning_rate, fused=device.type == "cuda")
