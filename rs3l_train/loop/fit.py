"""The training loop, the same for pretraining, fine-tuning and training from scratch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NoReturn

from rs3l_data.progress import Progress
from rs3l_train.errors import TrainingError, TrainingStoppedError
from rs3l_train.loop.best import BestWeights
from rs3l_train.loop.history import Budget, History
from rs3l_train.loop.interrupts import Interrupt, noticed
from rs3l_train.loop.logs import MetricsLog
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.loop.training_state import Checkpoints, TrainingState
from rs3l_train.loop.updates import Updates
from rs3l_train.views.memory import Selection

Epochs = Callable[[int], Iterator[Selection]]
"""Gives the batches of an epoch by its number, the same ones each time"""


def fit(
    updates: Updates,
    epochs: Epochs,
    validate: Callable[[], dict[str, float]],
    budget: Budget,
    *,
    validate_every: int,
    title: str,
    log: MetricsLog | None = None,
    on_best: Callable[[], None] | None = None,
    checkpoints: Checkpoints | None = None,
    processes: Processes = ALONE,
) -> History:
    """Train a model in place, from the start or from its last checkpoint.

    With a patience in the budget, the validation's ``score`` decides, and the weights of the best
    validation, that before the first step included, are put back at the end.

    Parameters
    ----------
    validate
        Called before the first step, every ``validate_every`` views, and at the end; its ``score``,
        or else its falling ``validation_loss``, says which weights are the best.
    log
        Takes the validations' records; of the first process only.
    on_best
        Called after a validation with the best score so far.
    checkpoints
        Where to go on from and to save the state to; None: neither.

    Raises
    ------
    TrainingError
        If the loss or its gradient is not finite, naming step and batch; the state before that
        step is saved.
    TrainingStoppedError
        If a signal asked to stop; the state is saved.
    """
    history = History(next_validation=validate_every)
    best = BestWeights(updates.model, history, budget.patience)
    state = TrainingState(updates.model, updates.optimiser, best, history)
    if checkpoints is not None:
        checkpoints.restore(state)
    processes.require_same(
        {"what is done": [history.steps, history.epoch, history.batch, history.views]}
    )
    processes.same_weights(updates.model)
    if log is not None:
        log.start(history.records)
    began = time.monotonic() - history.seconds

    def seconds() -> float:
        """Tell the time [s] that the training took, with that before it was resumed."""
        return time.monotonic() - began

    def record() -> bool:
        """Validate, and tell whether a file now holds better weights."""
        history.seconds = seconds()
        metrics = validate()
        _record(history, metrics, log)
        score = metrics.get("score", -metrics.get("validation_loss", math.inf))
        if not best.consider(processes.largest([score])[0]) or on_best is None:
            return False
        on_best()
        return True

    if not history.records:
        record()
    with (
        Progress(title, budget.views, unit="views", done=history.views) as progress,
        noticed() as interrupt,
    ):
        for batch in endless_batches(epochs, history):
            try:
                loss = updates.step(batch, history)
            except TrainingError as error:
                _give_up(error, state, checkpoints, processes)
            history.steps += 1
            history.views += len(batch)
            history.losses.append(loss)
            if processes.first:
                progress(history.views, f"loss {loss:.4f}")
            late = budget.seconds is not None and seconds() > budget.seconds
            out_of_time, stopped = processes.largest([late, bool(interrupt)])
            ended = history.views >= budget.views or bool(out_of_time)
            written = False
            if ended or history.views >= history.next_validation:
                history.next_validation += validate_every
                written = record()
            if best.exhausted and history.drops < budget.drops and not ended:
                history.drops += 1
                best.put_back()
            if best.exhausted or ended:
                patient = best.exhausted and history.drops >= budget.drops
                history.ended = "patience" if patient else "time" if out_of_time else "budget"
                break
            history.seconds = seconds()
            if stopped:
                _stop(interrupt, state, checkpoints, processes)
            if checkpoints is not None and checkpoints.due(history.views, written):
                checkpoints.save(state)
    best.put_back()
    return history


def endless_batches(epochs: Epochs, history: History) -> Iterator[Selection]:
    """Go on where the history says, epoch after epoch."""
    while True:
        for batch in islice(epochs(history.epoch), history.batch, None):
            history.batch += 1
            yield batch
        history.epoch, history.batch = history.epoch + 1, 0


def _give_up(
    error: TrainingError,
    state: TrainingState,
    checkpoints: Checkpoints | None,
    processes: Processes,
) -> NoReturn:
    """Keep the state before the step that failed, which has changed no weight yet."""
    if checkpoints is None:
        raise error
    state.history.batch -= 1
    _save(state, checkpoints, processes)
    raise TrainingError(
        f"{error}\nThe state before this step is kept in {checkpoints.path}; with a lower learning"
        " rate, say, and --resume must the training goes on from it. If that ends in the same way,"
        " the weights were spoilt before: start anew with --resume never"
    ) from None


def _stop(
    interrupt: Interrupt,
    state: TrainingState,
    checkpoints: Checkpoints | None,
    processes: Processes,
) -> NoReturn:
    reason = f"stopped by {interrupt.name or 'another process'} after step {state.history.steps}"
    if checkpoints is None:
        raise TrainingStoppedError(f"{reason}; nothing half-written is left")
    _save(state, checkpoints, processes)
    raise TrainingStoppedError(f"{reason}; the same command goes on from {checkpoints.path}")


def _save(state: TrainingState, checkpoints: Checkpoints, processes: Processes) -> None:
    """Save, and end only then: torchrun ends all processes soon after the first has."""
    checkpoints.save(state)
    processes.wait()


def _record(history: History, metrics: dict[str, float], log: MetricsLog | None) -> None:
    record: dict[str, float] = {
        "step": history.steps,
        "views": history.views,
        "seconds": round(history.seconds, 3),
    }
    if history.losses:
        record["training_loss"] = sum(history.losses) / len(history.losses)
        history.losses.clear()
    record |= metrics
    history.records.append(record)
    if log is not None:
        log.add(record)
