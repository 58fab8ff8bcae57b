"""Networks and objectives that do not keep their contract are told so in words."""

from __future__ import annotations

import pytest
import torch

from rs3l_train.backbones.edgeconv import EdgeConvNet
from rs3l_train.errors import TrainingError
from rs3l_train.tasks.pretraining import set_up
from rs3l_train.tasks.train_tagger import train_tagger
from rs3l_train.tasks.watch import Watch

NETWORK = r"rs3l_train\.backbones\.edgeconv\.EdgeConvNet"


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
    # Of each batch one.
    changed_pool(lambda z: torch.where(torch.arange(len(z))[:, None] == 3, torch.nan, z))
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
