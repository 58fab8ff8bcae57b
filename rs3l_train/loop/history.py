"""When a training ends, and what happened in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Budget:
    """When a training ends."""

    views: int
    """After so many views seen"""
    seconds: float | None = None
    """After this time [s]; None: never"""
    patience: int | None = None
    """After so many validations without a better score; None: never"""
    drops: int = 0
    """How often patience first lowers the learning rate and goes back to the best weights"""


@dataclass(slots=True)
class History:
    """What happened in a training so far."""

    steps: int = 0
    views: int = 0
    seconds: float = 0.0
    epoch: int = 0
    batch: int = 0
    """Of the epoch, the next to train on"""
    next_validation: int = 0
    """Views after which to validate again"""
    drops: int = 0
    ended: str = "budget"
    """budget, time or patience"""
    best_score: float = -math.inf
    best_after: int = 0
    """Views seen when the score was best"""
    waited: int = 0
    """Validations since then, or since the best weights were put back"""
    losses: list[float] = field(default_factory=list)
    """Of the steps since the last validation"""
    changes: list[str] = field(default_factory=list)
    """Of settings, where it was stopped and went on with others: from which view on, what"""
    records: list[dict[str, float]] = field(default_factory=list)
    """Of each validation: step, views, seconds, the mean training loss since the last, metrics"""
