"""The processes that share a training: started by ``torchrun``, or just this one."""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn

from rs3l_data.errors import ConfigError
from rs3l_train.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Processes:
    """How many processes train together, and which of them this is."""

    rank: int = 0
    count: int = 1
    waiting_room: distributed.ProcessGroup | None = None
    """Where they wait for each other, however long"""

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and tells progress."""
        return self.rank == 0

    def sum_in_place(self, tensor: Tensor) -> None:
        """Put in a tensor the sum of that tensor over the processes."""
        if self.count > 1:
            distributed.all_reduce(tensor)

    def largest(self, values: Iterable[float]) -> list[float]:
        """Agree on numbers, without the GPUs: for each, the largest that a process has."""
        if self.count == 1:
            return list(values)
        agreed = torch.tensor(list(values), dtype=torch.float64)
        distributed.all_reduce(agreed, distributed.ReduceOp.MAX)
        return [float(value) for value in agreed.tolist()]

    def require_same(self, what: Mapping[str, Any]) -> None:
        """Check that all processes say the same, before they wait for what another does not do.

        Parameters
        ----------
        what
            JSON values by their names.

        Raises
        ------
        ConfigError
            In all of them, naming the first thing that differs.
        """
        if self.count == 1:
            return
        texts = [""] * self.count
        distributed.all_gather_object(texts, json.dumps(dict(what)), group=self.waiting_room)
        first, *others = map(json.loads, texts)
        for rank, other in enumerate(others, 1):
            for key in {**first, **other}:
                if first.get(key) != other.get(key):
                    raise ConfigError(
                        f"the processes of this training differ in {key}: {first.get(key)!r} in"
                        f" process 0, {other.get(key)!r} in process {rank}; give all of them the"
                        " same dataset, settings and --out, in folders that all nodes see"
                    )

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.waiting_room is not None:
            distributed.barrier(self.waiting_room)

    def same_weights(self, model: nn.Module) -> None:
        """Give all processes the weights of the first."""
        if self.count > 1:
            for value in model.state_dict().values():
                distributed.broadcast(value, src=0)


ALONE = Processes()
LONGEST_WAIT = timedelta(days=30)
"""Of processes with unequal work; if one fails, torchrun ends the others"""


# What Gloo and NCCL say when one of the others is gone.
_LEFT_ALONE = ("Connection closed by peer", "Connection reset by peer", "remote process exited")


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that ``torchrun`` started; without it, train alone.

    GPUs talk by NCCL, CPUs by Gloo. All wait for each other before they part, but for one that
    failed: NCCL would have it wait for the others, and those for it.

    Raises
    ------
    ConfigError
        If the environment names some of what ``torchrun`` sets, as a batch script may, and not all.
    """
    gpus = torch.cuda.is_available()
    try:
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count > 1:
            distributed.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")
    except ValueError as error:
        raise ConfigError(
            f"WORLD_SIZE={os.environ['WORLD_SIZE']} in the environment, but not all that torchrun"
            f" sets with it ({error}); start with torchrun, or `unset WORLD_SIZE` to train alone"
        ) from None
    if count == 1:
        yield ALONE
        return
    try:
        room = distributed.new_group(backend="gloo", timeout=LONGEST_WAIT)
        processes = Processes(distributed.get_rank(), count, room)
        yield processes
        processes.wait()
    except BaseException as error:
        if gpus:
            # Once the error is told: taking NCCL down at the interpreter's end may wait as well.
            atexit.register(_leave_at_once)
        else:
            distributed.destroy_process_group()
        if isinstance(error, RuntimeError) and any(words in str(error) for words in _LEFT_ALONE):
            raise TrainingError(
                "another process of this training has ended; what it said tells why"
            ) from None
        raise
    distributed.destroy_process_group()


def _leave_at_once() -> None:
    """End the process as a failed one, which makes torchrun end the others."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def local_gpu() -> int:
    """Tell which of this machine's GPUs is this process's own."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def processes_here() -> int:
    """Tell how many processes share this machine's memory."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
