"""What every objective promises, tried on jets that are made up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from rs3l_train.backbones import backbone_of
from rs3l_train.config import BackboneConfig, EdgeConvConfig, ObjectiveConfig, TrainingConfig
from rs3l_train.config.data import DataConfig
from rs3l_train.objectives import Objective, build
from rs3l_train.tasks.contract import require_objective
from rs3l_train.testing.jets import drawn_batch
from rs3l_train.testing.promises import difference, require_all, without_gradient
from rs3l_train.views.memory import Batch

VIEWS = (5, 2, 3, 4, 2, 2)
"""Of each jet, side by side, as in training; the last has one where pairs are not needed"""
PLACES = 16
LABELS = 2
FIRST = 3
"""Entries whose outputs may not change as the others do"""
CUTS = (0, 7, 8, 11)
"""Where parts of the batch begin: between jets, and between views of one"""
STEPS = 2
"""Before the stop, and after it"""
SMALL = EdgeConvConfig(width=16, layers=2, neighbours=6, output=(16, 8))


def check_objective(
    settings: ObjectiveConfig, backbone: BackboneConfig = SMALL, *, seed: int = 1
) -> None:
    """Check on jets that are made up that an objective keeps what `Objective` promises.

    The shapes; that all random numbers are the generator's; that an output depends on its own
    entry alone; that the shares of parts add up to the loss, with their gradients; that rows say
    nothing but which entries are one jet; that every weight learns, and bfloat16 will do; that a
    training can go on from the state dict alone. Random numbers of the caller stay as they are.

    Parameters
    ----------
    settings
        Those of the objective, which is built anew.
    backbone
        The settings of the network in it.
    seed
        Of weights and jets.

    Raises
    ------
    AssertionError
        With a line for each promise that is broken, and what was found.
    ContractError
        If shapes are wrong, or no gradient passes.
    """
    config = TrainingConfig(data=DataConfig(constituents=PLACES)).model_copy(
        # As they are, whether or not their package is announced.
        update={"backbone": backbone, "objective": settings}
    )
    views = VIEWS if settings.needs_pairs else (*VIEWS[:-1], 1)
    rows = torch.arange(len(views)).repeat_interleave(torch.tensor(views))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        objective, fresh = (build(config, backbone_of(config), LABELS) for _ in range(2))
        batch = drawn_batch(rows, PLACES, LABELS, seed)
        require_objective(objective, batch, rows, _generator(seed))
        faults = [*_faults(objective, batch, rows, seed)]
        # Of one with noise of its own it would say nothing.
        faults = faults or [*_faults_of_state(objective, fresh, batch, rows, seed)]
    require_all(objective, Objective, faults)


def _faults(objective: Objective, batch: Batch, rows: Tensor, seed: int) -> Iterator[str]:
    """Tell of each promise that is broken."""
    outputs = objective.outputs(batch, _generator(seed))
    if outputs.dtype != torch.float32:
        yield f"outputs are float32: they are {outputs.dtype}; add .float()"
    torch.rand(1)
    if fault := difference(objective.outputs(batch, _generator(seed)), outputs):
        yield f"all random numbers are the generator's: outputs of the same state are {fault}"
    elif fault := difference(
        objective.outputs(_others_changed(batch), _generator(seed))[:FIRST], outputs[:FIRST]
    ):
        yield f"an output depends on its own entry alone: with other entries it is {fault}"
    yield from _faults_of_loss(objective, outputs.detach(), rows)
    torch.autograd.backward(objective.loss(outputs, rows))
    if fault := without_gradient(objective):
        yield f"every weight learns: {fault}"
    with torch.autocast("cpu", torch.bfloat16):
        rough = objective.outputs(batch, _generator(seed))
        loss = objective.loss(rough, rows)
    if rough.dtype != torch.float32 or loss.dtype != torch.float32:
        yield f"bfloat16: outputs are {rough.dtype}, the loss is {loss.dtype}; both are float32"
    objective.zero_grad()
    torch.autograd.backward(loss)
    gradients = [weight.grad for weight in objective.parameters() if weight.grad is not None]
    if not all(bool(numbers.isfinite().all()) for numbers in (loss, *gradients)):
        yield "bfloat16: the loss or its gradient is not finite"


def _faults_of_loss(objective: Objective, outputs: Tensor, rows: Tensor) -> Iterator[str]:
    whole, in_parts = (outputs.clone().requires_grad_() for _ in range(2))
    loss = objective.loss(whole, rows)
    torch.autograd.backward(loss)
    edges = pairwise((*CUTS, len(rows)))
    shares = [objective.share(in_parts, rows, slice(*part)) for part in edges]
    torch.autograd.backward(shares)
    if fault := difference(torch.stack(shares).sum(), loss):
        yield f"the shares of all parts add up to the loss: their sum is {fault}"
    elif fault := difference(_gradient(in_parts), _gradient(whole)):
        yield f"the shares of all parts add up to the loss: their gradient is {fault}"
    with torch.no_grad():
        # Others that are neither the first ones nor in their order.
        renamed = objective.loss(outputs, (7 * rows + 5) % 41)
        if fault := difference(renamed, loss):
            yield (
                "rows say nothing but which entries are one jet: with other numbers the loss is"
                f" {fault}"
            )
        compared = objective.compared(outputs)
        if compared is not None and len(compared) != len(outputs):
            yield f"compared has a vector for each entry: {len(compared)} for {len(outputs)}"
        kinds = {name: type(value) for name, value in objective.figures(outputs, rows).items()}
        for name, kind in kinds.items():
            if kind is not float:
                yield f"figures are floats: {name} is a {kind.__name__}"


def _faults_of_state(
    objective: Objective, fresh: Objective, batch: Batch, rows: Tensor, seed: int
) -> Iterator[str]:
    """Train a little, and go on in a fresh objective, as after a stop."""
    _train(objective, batch, rows, seed)
    fresh.load_state_dict(objective.state_dict())
    for one in (objective, fresh):
        _train(one, batch, rows, seed)
    with torch.no_grad():
        found, expected = (one.outputs(batch, _generator(seed)) for one in (fresh, objective))
        # What follows the steps may be in the loss alone, where it has moved no weight far yet.
        loss, goal = (one.loss(expected, rows) for one in (fresh, objective))
    promise = "a training goes on from the state dict alone"
    if fault := difference(found, expected):
        yield f"{promise}: outputs are {fault}"
    elif fault := difference(loss, goal):
        yield f"{promise}: the loss is {fault}"


def _train(objective: Objective, batch: Batch, rows: Tensor, seed: int) -> None:
    optimiser = torch.optim.Adam(objective.parameters(), 1e-3)
    for _ in range(STEPS):
        optimiser.zero_grad()
        torch.autograd.backward(objective.loss(objective.outputs(batch, _generator(seed)), rows))
        optimiser.step()
        objective.after_step()


def _gradient(outputs: Tensor) -> Tensor:
    return torch.zeros_like(outputs) if outputs.grad is None else outputs.grad


def _others_changed(batch: Batch) -> Batch:
    """Scale and shift the constituents of all entries but the first few."""
    changed = {name: column.clone() for name, column in batch.constituents.items()}
    changed["pt"][FIRST:] *= 1.7
    changed["eta"][FIRST:] += 0.01
    return Batch(changed, batch.mask, batch.jets)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
