"""The gradient of one batch: of any objective, in parts, over several processes.

A contrastive loss compares every view of a batch with every other, so that it is no sum of what
parts of the batch would lose by themselves. But its gradient is one over outputs: each output
depends on its own view alone. So the outputs of all parts are computed first, and the loss and its
gradient at the outputs from them together; then each part passes the gradient at its outputs on to
the weights, where the parts add up (GradCache, arXiv:2101.06983). Parts that were not kept in
memory pass the network a second time, with the same random numbers. The processes share the parts
among them, and the loss, too: each part adds what its entries have in it, compared with all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rs3l_data.errors import ConfigError
from rs3l_train.loop.processes import ALONE, Processes
from rs3l_train.views.memory import Selection, equal_parts

# Between the seeds of things that come one after the other: epochs, draws.
SEED_STEP = 1_000_003

Gradients = Callable[[Selection, int], Tensor]
"""Leaves in the parameters the gradients of a batch at a step, and gives its loss: a scalar, still
on the device, since to read it is to wait for the device."""

OutputsOf = Callable[[Selection, torch.Generator], Tensor]
"""The network's outputs (n, K), row by row: an entry depends on its own view alone."""

LossOf = Callable[[Tensor, Selection], Tensor]
"""The loss of the outputs (n, K) of a whole batch."""

ShareOf = Callable[[Tensor, Selection, slice], Tensor]
"""What a part of a batch has in the loss of its outputs (n, K): the shares of all parts add up to
the loss."""


EdgesOf = Callable[[Selection, int], Sequence[int]]
"""Where so many parts of a batch begin and end, the same in all processes; none is empty."""


def in_one_share(loss_of: LossOf) -> ShareOf:
    """Let the first part have all of a loss, which then costs little or cannot be shared."""

    def share_of(outputs: Tensor, batch: Selection, part: slice) -> Tensor:
        return loss_of(outputs, batch) if part.start == 0 else outputs[:0].sum()

    return share_of


@dataclass(frozen=True)
class InParts:
    """The gradient of a batch of which the outputs are computed in parts.

    Parameters
    ----------
    model
        Holds all parameters that ``outputs_of`` and ``share_of`` use.
    outputs_of, share_of
        The objective.
    parts
        At least, rounded up to a multiple of the processes; of a batch with fewer views as many as
        it allows.
    edges_of
        Cuts the batch.
    seed
        The random numbers of a part follow from it, the step and the part's number alone. So they
        do not depend on how many processes share the parts, nor on what ran before.
    """

    model: nn.Module
    outputs_of: OutputsOf
    share_of: ShareOf
    device: torch.device
    seed: int = 0
    parts: int = 1
    processes: Processes = ALONE
    edges_of: EdgesOf = equal_parts

    def __call__(self, batch: Selection, step: int) -> Tensor:
        """Leave the gradients of the whole batch in the parameters, and give its loss.

        Parameters
        ----------
        batch
            The same one on all processes.

        Raises
        ------
        ConfigError
            If it has fewer views than there are processes.
        """
        own = list(self._own_parts(batch))
        in_one_go = len(own) == 1
        with torch.set_grad_enabled(in_one_go):
            outputs = [self._outputs(batch[part], step, number) for number, part in own]
        gathered = self._gathered(outputs, [part for _, part in own], len(batch))
        loss = gathered.new_zeros(())
        for _, part in own:
            share = self.share_of(gathered, batch, part)
            share.backward()  # type: ignore[no-untyped-call]
            loss += share.detach()
        assert gathered.grad is not None
        self.processes.sum_in_place(gathered.grad)
        for k, (number, part) in enumerate(own):
            again = outputs[k] if in_one_go else self._outputs(batch[part], step, number)
            again.backward(gathered.grad[part])  # type: ignore[no-untyped-call]
        self._add_up(loss)
        return loss

    def _own_parts(self, batch: Selection) -> Iterator[tuple[int, slice]]:
        """Give number and place of the parts that fall to this process."""
        count = self.processes.count
        per_process = min(-(-self.parts // count), len(batch) // count)
        if per_process == 0:
            raise ConfigError(
                f"a batch of {len(batch)} views cannot be shared by {count} processes; start fewer,"
                " or train on more jets"
            )
        edges = self.edges_of(batch, per_process * count)
        for number in range(
            self.processes.rank * per_process, (self.processes.rank + 1) * per_process
        ):
            yield number, slice(edges[number], edges[number + 1])

    def _outputs(self, part: Selection, step: int, number: int) -> Tensor:
        seed = seed_of(self.seed, step, number)
        # For what draws without a generator, such as dropout. torch.manual_seed takes 0.2 ms, for
        # kinds of devices that are not there.
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)
        generator = torch.Generator(self.device).manual_seed(seed)
        return self.outputs_of(part, generator).float()

    def _gathered(self, outputs: list[Tensor], places: list[slice], n: int) -> Tensor:
        """Put the outputs of all parts and processes together (n, K), as a leaf of the graph."""
        gathered = outputs[0].new_zeros((n, outputs[0].shape[1]))
        for place, part in zip(places, outputs, strict=True):
            gathered[place] = part.detach()
        self.processes.sum_in_place(gathered)
        return gathered.detach().requires_grad_()

    def _add_up(self, loss: Tensor) -> None:
        """Put in the loss and the gradients their sums over the processes."""
        if self.processes.count == 1:
            return
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        addends = [loss, *(p.grad for p in parameters if p.grad is not None)]
        together = torch.cat([addend.flatten() for addend in addends])
        self.processes.sum_in_place(together)
        sums = torch.split(together, [addend.numel() for addend in addends])
        for addend, total in zip(addends, sums, strict=True):
            addend.copy_(total.view_as(addend))


def seed_of(seed: int, *numbers: int) -> int:
    """Derive an independent seed, the same on all machines."""
    return int(np.random.SeedSequence((seed, *numbers)).generate_state(1, np.uint32)[0])
