"""Networks and objectives that do not keep their contract are told so in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch

from rs3l_train.backbones import backbone_of
from rs3l_train.backbones.edgeconv import EdgeConvNet
from rs3l_train.config import validate_training
from rs3l_train.errors import ContractError, TrainingError
from rs3l_train.objectives.base import Objective
from rs3l_train.objectives.ntxent import NTXent
from rs3l_train.tasks.contract import JETS, require_backbone, require_objective
from rs3l_train.tasks.pretraining import set_up
from rs3l_train.tasks.train_tagger import train_tagger
from rs3l_train.tasks.watch import Watch
from rs3l_train.views.inputs import network_inputs
from tests.train.conftest import BACKBONES, OBJECTIVES

NETWORK = "rs3l_train.backbones.edgeconv.EdgeConvNet"
OBJECTIVE = "rs3l_train.objectives.ntxent.NTXent"

# With n embeddings of 8 numbers: what they are made, and what the error says it found.
POOLED = {
    "too few numbers": (lambda z: z[:, :-1], lambda n: f"tensor of shape ({n}, 7)"),
    "too many numbers": (
        lambda z: torch.cat([z, z], 1)[:, :9],
        lambda n: f"tensor of shape ({n}, 9)",
    ),
    "one number": (lambda z: z.sum(1), lambda n: f"tensor of shape ({n},)"),
    "too few jets": (lambda z: z[:-1], lambda n: f"tensor of shape ({n - 1}, 8)"),
    "a row a constituent": (
        lambda z: z[:, None].expand(-1, 5, -1),
        lambda n: f"tensor of shape ({n}, 5, 8)",
    ),
    "no tensor": (lambda z: [z], lambda _: "list"),
}


def losing(function):
    """Change what the loss gives, as a function of it and of the outputs."""
    return {"loss": lambda self, z, rows: function(z.square().sum(1), z)}


WRONG = {
    "outputs of one number": (
        {"outputs": lambda self, batch, generator: self.embed(batch, generator)[:, 0]},
        r"outputs: gives a tensor of shape \(\d+,\), expected a tensor of shape \(\d+, K\)",
    ),
    "outputs of too few views": (
        {"outputs": lambda self, batch, generator: self.embed(batch, generator)[1:]},
        r"outputs: gives a tensor of shape \(\d+, 8\), expected a tensor of shape \(\d+, K\)",
    ),
    "outputs without a gradient": (
        {"outputs": lambda self, batch, generator: self.embed(batch, generator).detach()},
        "outputs: depends on no weight",
    ),
    "a loss a view": (
        losing(lambda loss, _: loss),
        r"loss: gives a tensor of shape \(\d+,\), expected a tensor of shape \(\): one number",
    ),
    "a loss in a row": (losing(lambda loss, _: loss.mean()[None]), r"loss: .* of shape \(1,\)"),
    "a number of Python": (
        losing(lambda loss, _: float(loss.detach().mean())),
        "loss: gives a float",
    ),
    "a detached loss": (losing(lambda loss, _: loss.mean().detach()), "loss: has no gradient"),
    "a loss of something else": (
        losing(lambda _, z: z.new_ones((), requires_grad=True) * 2),
        "loss: has no gradient with respect to the outputs",
    ),
    "a share that is no number": (
        losing(lambda loss, _: loss.mean()) | {"share": lambda self, z, rows, part: z[part].sum(1)},
        r"share: gives a tensor of shape \(\d+,\)",
    ),
}


@pytest.fixture
def changed_pool(monkeypatch):
    """Let the network's embeddings pass through a function."""

    def change(function):
        monkeypatch.setattr(EdgeConvNet, "pool", lambda *given: function(pool(*given)))

    pool = EdgeConvNet.pool
    return change


def test_numbers_that_are_not_finite_before_any_step_are_the_network_s(
    dataset, config, changed_pool
):
    pretraining = set_up(dataset, config, torch.device("cpu"))
    watch = Watch(pretraining.objective, pretraining.validation, None)
    n = sum(len(batch) for batch in pretraining.validation.epoch(0))
    jets = len(list(pretraining.validation.epoch(0)))
    # Of each batch one, in one number.
    one = torch.arange(8) == 5
    changed_pool(lambda z: torch.where(one & (torch.arange(len(z))[:, None] == 3), torch.nan, z))
    told = rf"{NETWORK}: before any step of this training {jets} of {n} views of validation jets"
    with pytest.raises(TrainingError, match=told) as error:
        watch()
    assert "learning rate" not in str(error.value)


def test_a_tagger_s_network_is_looked_at_before_its_training(bench, changed_pool):
    n = len(bench.labelled(20, 0))
    changed_pool(lambda z: z * torch.inf)
    told = rf"{NETWORK}: before any step of this training {n} of {n} views of labelled jets"
    with pytest.raises(TrainingError, match=told):
        train_tagger(bench, "scratch", 20, 0, None)


@pytest.mark.parametrize("fault", POOLED)
def test_embeddings_of_another_shape_than_declared_are_refused(
    dataset, bench, config, changed_pool, fault
):
    change, found = POOLED[fault]
    # Of some jets in pretraining two views or three each; for taggers as many views.
    n = len(next(_few(set_up(dataset, config, torch.device("cpu"))).epoch(0)))
    assert n > 2 * JETS
    changed_pool(change)
    told = (
        f"{NETWORK}.pool: gives a {{}}, expected a tensor of shape ({{}}, 8): self.dimension"
        " numbers for each jet; mend it, or self.dimension in __init__"
    )
    with pytest.raises(ContractError) as error:
        set_up(dataset, config, torch.device("cpu"))
    assert str(error.value) == told.format(found(n), n)
    with pytest.raises(ContractError) as error:
        train_tagger(bench, "scratch", 20, 0, None)
    assert str(error.value) == told.format(found(JETS), JETS)


def _few(pretraining):
    return replace(pretraining.validation, rows=pretraining.validation.rows[:JETS])


def test_constituents_of_another_width_than_declared_are_refused(dataset, config, monkeypatch):
    monkeypatch.setattr(
        EdgeConvNet, "constituents", lambda self, x: self.encode(x.features)[..., 1:]
    )
    told = rf"{NETWORK}\.constituents: .*\(\d+, 16, 15\), .*\(\d+, 16, 16\): self.width numbers"
    with pytest.raises(ContractError, match=told):
        set_up(dataset, config, torch.device("cpu"))


@pytest.mark.parametrize(("name", "value"), [("dimension", None), ("width", 2.5), ("width", 0)])
def test_a_network_says_how_large_its_representations_are(config, monkeypatch, name, value):
    built = EdgeConvNet.__init__

    def init(self, *given):
        built(self, *given)
        if value is None:
            delattr(self, name)
        else:
            setattr(self, name, value)

    monkeypatch.setattr(EdgeConvNet, "__init__", init)
    said = "is not set" if value is None else f"is {value}"
    with pytest.raises(ContractError, match=rf"{NETWORK}\.{name}: {said}, expected a positive"):
        backbone_of(config)


@pytest.mark.parametrize("fault", WRONG)
def test_an_objective_that_is_none_is_refused(dataset, config, monkeypatch, fault):
    methods, told = WRONG[fault]
    for name, method in {"share": Objective.share, **methods}.items():
        monkeypatch.setattr(NTXent, name, method)
    with pytest.raises(ContractError) as error:
        set_up(dataset, config, torch.device("cpu"))
    assert re.match(rf"{OBJECTIVE}\.{told}", str(error.value))


def test_the_share_that_is_tried_is_the_whole_batch_s(dataset, config, monkeypatch):
    shares = []

    def share(self, outputs, rows, part):
        shares.append((part, len(rows)))
        return Objective.share(self, outputs, rows, part)

    monkeypatch.setattr(NTXent, "share", share)
    set_up(dataset, config, torch.device("cpu"))
    _, n = shares[0]
    # The loss of NTXent, too, is a share.
    assert shares[:2] == [(slice(None), n), (slice(0, n), n)]


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_trial_leaves_no_trace(dataset, config, backbone, objective):
    """Of random numbers that a layer draws, of its running means, of gradients."""
    settings = config.model_dump() | {"backbone": BACKBONES[backbone]}
    settings |= {"objective": {"name": objective} | OBJECTIVES[objective]}
    pretraining = set_up(dataset, validate_training(settings, "test"), torch.device("cpu"))
    own, few = pretraining.objective, next(pretraining.validation.epoch(0))
    batch = pretraining.jets.gather(few)
    own.backbone.register_buffer("calls", torch.zeros(()))
    modes = []

    def draw(layer, _):
        modes.append(layer.training)
        own.backbone.calls += 1 + torch.rand(())

    own.backbone.encode.register_forward_pre_hook(draw)
    before = torch.random.get_rng_state()
    require_backbone(own.backbone, network_inputs(batch, config.data.inputs))
    require_objective(own, batch, few.rows, pretraining.validation.generator())
    assert torch.equal(torch.random.get_rng_state(), before)
    assert modes == [False] * len(modes) != []
    assert own.backbone.calls == 0
    assert all(parameter.grad is None for parameter in own.parameters())
    assert all(module.training for module in own.modules())
