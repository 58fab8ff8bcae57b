"""What would fail, or wait, on a GPU: found without one, on a pretended device."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rs3l_train.backbones import backbone_of
from rs3l_train.config import validate_training
from rs3l_train.loop.processes import ALONE
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.measure import embed_test_jets
from rs3l_train.tasks.pretrain import _diagnostics
from rs3l_train.tasks.pretraining import gradients_in_parts, set_up
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.tasks.train_tagger import _epoch, _gradients, train_tagger
from rs3l_train.tasks.watch import Watch, knn_probe
from rs3l_train.views.positives import Positives
from tests.train.conftest import BACKBONES, OBJECTIVES, SETTINGS, VIEWS
from tests.train.pretended import GPU, WaitError, pretended_gpu

# Figures of made-up values mean nothing.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")

AUGMENTED = {"translation": 1.0, "smearing": 0.1, "splitting": True}


def configured(backbone, objective="ntxent", augmentations=None, **loop):
    settings = SETTINGS | {
        "backbone": BACKBONES[backbone],
        "objective": {"name": objective},
        "pretrain": SETTINGS["pretrain"] | {"augmentations": augmentations},
        "loop": loop,
    }
    return validate_training(settings, "test")


def set_up_on_gpu(dataset, config, monkeypatch):
    # Values that the CPU holds anyway, and that pretended tensors would lose.
    every_view = Positives(torch.ones(len(VIEWS)), None, 1)
    monkeypatch.setattr("rs3l_train.tasks.pretraining.chosen_positives", lambda *_args: every_view)
    return set_up(dataset, config, GPU)


def step(pretraining, batch):
    loss = gradients_in_parts(pretraining)(batch, 0)
    return loss, nn.utils.clip_grad_norm_(pretraining.objective.parameters(), 1.0)


# VICReg waits for the number of pairs, of branches, and of jets in each branch.
@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("objective", sorted(OBJECTIVES.keys() - {"vicreg"}))
@pytest.mark.parametrize(("augmentations", "parts"), [(None, 1), (AUGMENTED, 3)])
def test_a_step_stays_on_the_gpu_and_waits_for_nothing(
    dataset, monkeypatch, backbone, objective, augmentations, parts
):
    config = configured(backbone, objective, augmentations, parts=parts)
    with pretended_gpu(monkeypatch) as questions:
        pretraining = set_up_on_gpu(dataset, config, monkeypatch)
        batch = next(pretraining.training.epoch(0))
        with questions.nobody_waits():
            results = step(pretraining, batch)
            assert batch.rows_on_cpu.device.type == "cpu"
        assert all(result.device == GPU for result in results)
        gradients = [p.grad for p in pretraining.objective.parameters() if p.grad is not None]
        assert {gradient.device for gradient in gradients} == {GPU}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_validation_stays_on_the_gpu(dataset, monkeypatch, objective):
    config = configured("edgeconv", objective)
    with pretended_gpu(monkeypatch):
        pretraining = set_up_on_gpu(dataset, config, monkeypatch)
        probe = knn_probe(pretraining.jets, pretraining.dataset, config)
        watch = Watch(pretraining.objective, pretraining.validation, probe)
        assert "knn_auc" in watch()
        assert watch.embeddings.device == GPU
        held, rows = pretraining.held, pretraining.unseen
        assert _diagnostics(pretraining.objective.backbone, held, rows, config)


def unfitted(model, x, y):
    """Fit nothing: without values, all jets are of one class."""
    assert (len(x), x.dtype) == (len(y), np.float64)
    model.coef_, model.intercept_ = np.zeros((1, x.shape[1])), np.zeros(1)


@pytest.mark.parametrize("mode", ["scratch", "probe", "full"])
@pytest.mark.parametrize("decorrelate", [None, {"variable": "mass", "weight": 1.0}])
def test_tagging_stays_on_the_gpu(dataset, monkeypatch, mode, decorrelate):
    settings = SETTINGS | {
        "finetune": SETTINGS["finetune"] | {"decorrelate": decorrelate},
        "evaluation": {"temperature_scaling": False},
    }
    config = validate_training(settings, "test")
    monkeypatch.setattr("rs3l_train.tasks.probe.LogisticRegression.fit", unfitted)
    monkeypatch.setattr("rs3l_train.tasks.probe.fit_temperature", lambda *_: 1.0)
    with pretended_gpu(monkeypatch):
        bench = set_bench(dataset, config, GPU)
        pretrained = backbone_of(config).state_dict()
        tagger, _ = train_tagger(bench, mode, 20, 0, pretrained)
        assert {value.device for value in tagger.state_dict().values()} == {GPU}
        tested = embed_test_jets(bench, tagger.backbone, bench.jets.names)
        assert {z.device for z in tested.values()} == {GPU}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_step_of_tagging_waits_for_nothing(dataset, monkeypatch, backbone):
    config = configured(backbone)
    with pretended_gpu(monkeypatch) as questions:
        bench = set_bench(dataset, config, GPU)
        network = backbone_of(config)
        tagger = Tagger(network).to(GPU)
        batch = next(_epoch(bench, bench.labelled(20, 0), 0, 0))
        gradients = _gradients(bench, tagger, 0, ALONE)
        with questions.nobody_waits():
            loss = gradients(batch, 0)
        assert loss.device == GPU


def put(z, number):
    put_at = torch.arange(2, device=z.device)
    z = z + 0
    z[:, put_at] = number
    return z


BROKEN = {
    "a value is read": (lambda z: z * z.sum().item(), WaitError),
    "a condition is read": (lambda z: z if bool((z > 0).any()) else -z, WaitError),
    "a number of jets is read": (lambda z: z[z[:, 0] > 0].sum() + z, WaitError),
    "places are read": (lambda z: z + len((z > 0).nonzero()), WaitError),
    "a copy is made on the CPU": (lambda z: z + z.detach().cpu().sum().to(GPU), WaitError),
    "a number is sent": (lambda z: z * torch.tensor([2.0], device=GPU), WaitError),
    "a tensor is left on the CPU": (lambda z: z + torch.zeros(z.shape[1]), RuntimeError),
    "a number is put at places": (lambda z: put(z, -1.0), WaitError),
    "an index is sent": (lambda z: z[:, torch.arange(2)].sum() + z, WaitError),
    "an index is left on the CPU": (lambda z: z.index_select(1, torch.arange(2)), RuntimeError),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_wrong_in_a_step_is_found(dataset, monkeypatch, fault):
    wrong, error = BROKEN[fault]
    with pretended_gpu(monkeypatch) as questions:
        pretraining = set_up_on_gpu(dataset, configured("edgeconv"), monkeypatch)
        batch = next(pretraining.training.epoch(0))
        backbone = pretraining.objective.backbone
        pool = backbone.pool
        backbone.pool = lambda x, mask: wrong(pool(x, mask))
        with questions.nobody_waits(), pytest.raises(error):
            step(pretraining, batch)


def test_vicreg_waits_for_the_number_of_branches(dataset, monkeypatch):
    """The one objective that does; on a GPU that costs a pause in each step."""
    with pretended_gpu(monkeypatch) as questions:
        pretraining = set_up_on_gpu(dataset, configured("edgeconv", "vicreg"), monkeypatch)
        batch = next(pretraining.training.epoch(0))
        with questions.nobody_waits(), pytest.raises(WaitError):
            step(pretraining, batch)
