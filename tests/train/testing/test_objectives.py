"""Objectives that break one promise each are told which."""

from __future__ import annotations

from typing import ClassVar, Literal

import pytest
import torch
from torch import nn

from rs3l_train.errors import ContractError
from rs3l_train.objectives import Objective
from rs3l_train.own import OwnObjective
from rs3l_train.testing import check_objective
from tests.train.testing import test_networks as networks


class Near(Objective):
    """Each embedding near those of the same jet, and of a length of one; it keeps all promises."""

    def outputs(self, batch, generator):
        return self.embed(batch, generator).float()

    def loss(self, outputs, rows):
        outputs = outputs.float()
        same = rows[:, None] == rows
        with torch.autocast("cpu", enabled=False):
            apart = (outputs[:, None] - outputs).square().sum(-1)
        return (apart * same).mean() + (outputs.square().sum(1) - 1).square().mean()

    def compared(self, outputs):
        return outputs


class Shared(Near):
    """Shares that add up."""

    def share(self, outputs, rows, part):
        return self.loss(outputs, rows) * (part.stop - part.start) / len(rows)


class WithNoise(Near):
    def outputs(self, batch, generator):
        embedding = super().outputs(batch, generator)
        return embedding + torch.randn_like(embedding)


class AboveTheMean(Near):
    def outputs(self, batch, generator):
        embedding = super().outputs(batch, generator)
        return embedding - embedding.mean(0)


class Double(Near):
    def outputs(self, batch, generator):
        return super().outputs(batch, generator).double()


class AsAutocast(Near):
    def outputs(self, batch, generator):
        return self.embed(batch, generator)


class WholeInEachPart(Near):
    def share(self, outputs, rows, part):
        return self.loss(outputs, rows)


class DetachedPart(Near):
    """Shares whose sum is right, and whose gradient is not."""

    def share(self, outputs, rows, part):
        own = self.loss(outputs, rows) / len(rows)
        return own.detach() * (part.stop - part.start - 1) + own


class ByNumber(Near):
    def loss(self, outputs, rows):
        return super().loss(outputs * (1 + rows[:, None]), rows)


class Idle(Near):
    def __init__(self, backbone, presentation):
        super().__init__(backbone, presentation)
        self.forgotten = nn.Linear(3, 3, bias=False)


class HalfCompared(Near):
    def compared(self, outputs):
        return outputs[::2]


class TensorFigures(Near):
    def figures(self, outputs, rows):
        return {"length": outputs.norm(dim=1).mean()}


class Overflowing(Near):
    def loss(self, outputs, rows):
        loss = super().loss(outputs, rows)
        return loss / 0 if torch.is_autocast_enabled("cpu") else loss


class AlonesToo(Near):
    """Its last jet comes in one view."""

    def loss(self, outputs, rows):
        assert (rows == rows[-1]).sum() == 1
        return super().loss(outputs, rows)


class Averaged(Near):
    """It scales its outputs by a number that follows the steps, and says so in its state."""

    def __init__(self, backbone, presentation):
        super().__init__(backbone, presentation)
        self.register_buffer("scale", torch.ones(()))

    def outputs(self, batch, generator):
        return super().outputs(batch, generator) * self.scale

    def after_step(self):
        self.scale.mul_(0.9)


class Forgetful(Averaged):
    """What follows the steps is kept where no state dict finds it."""

    def __init__(self, backbone, presentation):
        super().__init__(backbone, presentation)
        del self.scale
        self.scale = 1.0

    def after_step(self):
        self.scale *= 0.9


class Growing(Near):
    """A weight in its loss follows the steps, and no state dict has it."""

    grown = 0

    def loss(self, outputs, rows):
        return super().loss(outputs, rows) + 0.1 * self.grown * outputs.square().mean()

    def after_step(self):
        self.grown += 1


class Settings(OwnObjective):
    name: Literal["tried"] = "tried"
    built: ClassVar[type[Objective]]

    def build(self, backbone, presentation, n_labels):
        return self.built(backbone, presentation)


def settings_of(objective):
    class Chosen(Settings):
        built = objective
        needs_pairs = objective is not AlonesToo

    return Chosen()


@pytest.mark.parametrize("objective", [Near, Shared, AlonesToo, Averaged])
def test_who_keeps_all_promises_hears_nothing(objective):
    before = torch.random.get_rng_state()
    check_objective(settings_of(objective))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("objective", "broken"),
    [
        (WithNoise, "all random numbers are the generator's: outputs of the same state are off"),
        (AboveTheMean, "an output depends on its own entry alone: with other entries it is off"),
        (Double, "outputs are float32: they are torch.float64; add .float()"),
        (AsAutocast, "bfloat16: outputs are torch.bfloat16, the loss is torch.float32; both"),
        (WholeInEachPart, "the shares of all parts add up to the loss: their sum is off by"),
        (DetachedPart, "the shares of all parts add up to the loss: their gradient is off by"),
        (ByNumber, "rows say nothing but which entries are one jet: with other numbers the loss"),
        (Idle, "every weight learns: no gradient for forgotten.weight"),
        (HalfCompared, "compared has a vector for each entry: 9 for 18"),
        (TensorFigures, "figures are floats: length is a Tensor"),
        (Forgetful, "a training goes on from the state dict alone: outputs are off by"),
        (Growing, "a training goes on from the state dict alone: the loss is off by"),
        (Overflowing, "bfloat16: the loss or its gradient is not finite"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_who_breaks_a_promise_is_told_which(objective, broken):
    base = "rs3l_train.objectives.base.Objective"
    lines = networks.told(check_objective, settings_of(objective), base)
    assert lines[0].startswith(broken)
    # What a double is under autocast is told, too.
    assert len(lines) == (2 if objective is Double else 1)


def test_it_may_be_tried_with_a_network_of_the_same_package():
    told = r"(?s)no gradient for backbone\.forgotten\.weight$"
    with pytest.raises(AssertionError, match=told):
        check_objective(settings_of(Near), networks.settings_of(networks.Idle))


def test_a_loss_that_is_no_number_is_refused_as_in_training():
    class PerView(Near):
        def loss(self, outputs, rows):
            return outputs.square().sum(1)

    with pytest.raises(ContractError, match="one number for the whole batch"):
        check_objective(settings_of(PerView))
