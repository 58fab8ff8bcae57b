"""How a batch changes the weights: its gradient, the optimiser, the learning rate's course."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from rs3l_train.errors import TrainingError
from rs3l_train.loop.history import History
from rs3l_train.loop.schedule import Schedule, constant
from rs3l_train.loop.step import Gradients
from rs3l_train.views.memory import Selection

# What patience multiplies the learning rate with.
DROP = 0.1


def _nothing() -> None:
    pass


class Updates:
    """The updates of a model's weights.

    Parameters
    ----------
    optimiser
        Its learning rates are the highest.
    gradients
        Leaves the gradients of a batch in the parameters, and gives its loss; must depend on
        nothing but the weights, the batch and the step's number for a resumed training to go on
        as if it had not been stopped.
    schedule
        Factor of the learning rates at a step.
    gradient_clip
        The largest norm that the gradient may have; a larger one is scaled down to it.
    after_step
        Called when the weights have changed.
    """

    def __init__(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        gradients: Gradients,
        schedule: Schedule = constant,
        gradient_clip: float = math.inf,
        after_step: Callable[[], None] = _nothing,
    ) -> None:
        self.model, self.optimiser = model, optimiser
        self._gradients, self._schedule, self._clip = gradients, schedule, gradient_clip
        self._after_step = after_step
        self._highest_rates = [group["lr"] for group in optimiser.param_groups]

    def step(self, batch: Selection, history: History) -> float:
        """Change the weights by the gradient of one batch, and give the loss before.

        Raises
        ------
        TrainingError
            If the loss or its gradient is not finite; no weight has changed then.
        """
        factor = self._schedule(history.steps) * DROP**history.drops
        for group, rate in zip(self.optimiser.param_groups, self._highest_rates, strict=True):
            group["lr"] = rate * factor
        self.optimiser.zero_grad(set_to_none=True)
        gradient_loss = self._gradients(batch, history.steps)
        gradient_norm = nn.utils.clip_grad_norm_(self.model.parameters(), self._clip)
        # The one place of a step where the host waits for a GPU.
        read: list[float] = torch.stack([gradient_loss, gradient_norm]).tolist()
        loss, norm = read
        place = f"step {history.steps} (epoch {history.epoch}, batch {history.batch - 1})"
        if not math.isfinite(loss):
            raise TrainingError(f"{place}: the loss is {loss}{_advice(history.steps)}")
        if not math.isfinite(norm):
            raise TrainingError(f"{place}: the gradient is not finite though the loss is {loss}")
        self.optimiser.step()
        self._after_step()
        return loss


def _advice(steps: int) -> str:
    """Say what to do about a loss that is not finite after so many steps."""
    data = "for extreme values in the dataset with `rs3l-data validate`"
    if steps:
        return f"; lower the learning rate, or look {data}"
    return (
        ", and no step has changed the weights yet: look in the network and the objective for"
        f" logarithms, roots and divisions of 0, or {data}"
    )
