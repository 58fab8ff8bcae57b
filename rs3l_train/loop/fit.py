"""The training loop, the same for pretraining, fine-tuning and training from scratch."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from rs3l_data.progress import Progress
from rs3l_train.errors import TrainingError
from rs3l_train.loop.schedule import Schedule
from rs3l_train.views.memory import Selection

# What patience multiplies the learning rate with.
DROP = 0.1


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
    """What happened in a training."""

    steps: int = 0
    views: int = 0
    seconds: float = 0.0
    drops: int = 0
    ended: str = "budget"
    """budget, time or patience"""
    best_score: float = -math.inf
    best_after: int = 0
    """Views seen when the score was best"""
    records: list[dict[str, float]] = field(default_factory=list)
    """Of each validation: step, views, seconds, the mean training loss since the last, metrics"""


def fit(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    epochs: Callable[[int], Iterator[Selection]],
    loss_of: Callable[[Selection], Tensor],
    validate: Callable[[], dict[str, float]],
    budget: Budget,
    *,
    schedule: Schedule,
    gradient_clip: float,
    validate_every: int,
    title: str,
    log: Path | None = None,
) -> History:
    """Train ``model`` in place.

    With a patience in the budget, the validation's ``score`` decides, and the weights of the best
    validation, that before the first step included, are put back at the end.

    Parameters
    ----------
    epochs
        Gives the batches of an epoch by its number; called again and again.
    validate
        Called before the first step, every ``validate_every`` views, and at the end.
    schedule
        Factor of the learning rates at a step.
    log
        A JSONL file for the validations' records.

    Raises
    ------
    TrainingError
        If the loss or its gradient is not finite, naming the step.
    """
    history = History()
    keeper = _BestWeights(model, budget.patience)
    factors = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: schedule(step) * DROP**history.drops
    )
    start = time.monotonic()
    losses: list[float] = []
    _record(history, keeper, validate(), losses, start, log)
    next_validation = validate_every
    with Progress(title, budget.views, unit="views") as progress:
        for batch in _endless(epochs):
            losses.append(_step(model, optimiser, loss_of(batch), gradient_clip, history.steps))
            history.steps += 1
            history.views += len(batch)
            progress(history.views, f"loss {losses[-1]:.4f}")
            out_of_time = budget.seconds is not None and time.monotonic() - start > budget.seconds
            ended = history.views >= budget.views or out_of_time
            if ended or history.views >= next_validation:
                next_validation += validate_every
                _record(history, keeper, validate(), losses, start, log)
            if keeper.exhausted and history.drops < budget.drops and not ended:
                history.drops += 1
                keeper.put_back()
            if keeper.exhausted or ended:
                history.ended = (
                    "patience" if keeper.exhausted else "time" if out_of_time else "budget"
                )
                break
            factors.step()
    keeper.put_back()
    return history


def _endless(epochs: Callable[[int], Iterator[Selection]]) -> Iterator[Selection]:
    epoch = 0
    while True:
        yield from epochs(epoch)
        epoch += 1


def _step(
    model: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, clip: float, step: int
) -> float:
    value = loss.item()
    if not math.isfinite(value):
        raise TrainingError(
            f"step {step}: the loss is {value}; lower the learning rate, or look for extreme"
            " values in the dataset with `rs3l-data validate`"
        )
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
    if not bool(norm.isfinite()):
        raise TrainingError(f"step {step}: the gradient is not finite though the loss is {value}")
    optimiser.step()
    return value


def _record(
    history: History,
    keeper: _BestWeights,
    metrics: dict[str, float],
    losses: list[float],
    start: float,
    log: Path | None,
) -> None:
    history.seconds = time.monotonic() - start
    record: dict[str, float] = {
        "step": history.steps,
        "views": history.views,
        "seconds": round(history.seconds, 3),
    }
    if losses:
        record["training_loss"] = sum(losses) / len(losses)
        losses.clear()
    record |= metrics
    history.records.append(record)
    if "score" in metrics:
        keeper.consider(metrics["score"])
        if keeper.best > history.best_score:
            history.best_score, history.best_after = keeper.best, history.views
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


class _BestWeights:
    """The weights with the best score so far, and how long ago that was."""

    def __init__(self, model: nn.Module, patience: int | None):
        self.model = model
        self.patience = patience
        self.best = -math.inf
        self.weights: dict[str, Tensor] | None = None
        self.waited = 0

    def consider(self, score: float) -> None:
        if score > self.best:
            self.best, self.waited = score, 0
            if self.patience is not None:
                self.weights = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        else:
            self.waited += 1

    @property
    def exhausted(self) -> bool:
        return self.patience is not None and self.waited >= self.patience

    def put_back(self) -> None:
        """Load the best weights, and wait anew."""
        if self.weights is not None:
            self.model.load_state_dict(self.weights)
            self.waited = 0
