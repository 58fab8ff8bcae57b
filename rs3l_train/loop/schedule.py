"""Learning-rate schedules, as factors of the highest learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from rs3l_train.config import PretrainConfig

Schedule = Callable[[int], float]


def constant(step: int, n_warmup: int = 0) -> float:
    """Rise linearly over the first steps, then stay."""
    return min(1.0, (step + 1) / max(1, n_warmup))


def cosine(step: int, n_warmup: int, n_steps: int) -> float:
    """Rise linearly over the first steps, then fall as a cosine to 0 at ``n_steps``.

    >>> [round(cosine(step, 2, 6), 3) for step in range(7)]
    [0.5, 1.0, 1.0, 0.854, 0.5, 0.146, 0.0]
    """
    if step < n_warmup:
        return constant(step, n_warmup)
    progress = min(1.0, (step - n_warmup) / max(1, n_steps - n_warmup))
    return 0.5 * (1 + math.cos(math.pi * progress))


def halving(step: int, n_warmup: int, steps_per_half: int) -> float:
    """Rise linearly over the first steps; halve after each ``steps_per_half`` steps."""
    return float(constant(step, n_warmup) * 0.5 ** (step // steps_per_half))


def pretraining_schedule(config: PretrainConfig, n_steps: int, steps_per_epoch: int) -> Schedule:
    """Make the schedule that the config asks for.

    Parameters
    ----------
    n_steps
        Of the whole training, on average: batches differ in their views.
    """
    n_warmup = int(config.warmup * n_steps)
    if config.schedule == "cosine":
        return partial(cosine, n_warmup=n_warmup, n_steps=n_steps)
    if config.schedule == "step":
        half = config.halve_every_epochs * steps_per_epoch
        return partial(halving, n_warmup=n_warmup, steps_per_half=half)
    return partial(constant, n_warmup=n_warmup)
