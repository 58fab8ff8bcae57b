from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from rs3l_train.backbones import backbone_of
from rs3l_train.config import validate_training
from rs3l_train.evaluation.calibration import fit_temperature
from rs3l_train.loop.device import prepare
from rs3l_train.loop.history import Budget, History
from rs3l_train.loop.processes import ALONE
from rs3l_train.loop.saved_network import Saved
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.decorrelate import mass_penalty
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.probe import MOST_SCALED, PENALTIES, _fitted, fit_probe, score_auc
from rs3l_train.tasks.tagger import Tagger, split_scores
from rs3l_train.tasks.train_tagger import (
    _described,
    _epoch,
    _gradients,
    _loss,
    _optimiser,
    _rotation,
    _validate,
    train_tagger,
)
from rs3l_train.tasks.trained import Trainings
from rs3l_train.views.inputs import network_inputs
from tests.train.conftest import BACKBONES, changed


def test_the_probe_keeps_the_penalty_that_validates_best():
    generator = torch.Generator().manual_seed(3)
    x, held = torch.randn(24, 15, generator=generator), torch.randn(400, 15, generator=generator)
    y, truth = ((z[:, 0] + torch.randn(len(z), generator=generator) > 0).long() for z in (x, held))
    aucs = [score_auc(held @ _fitted(x, y, penalty)[0].float(), truth) for penalty in PENALTIES]
    probe = fit_probe(x, y, held, truth)
    assert probe.validation_auc == max(aucs)
    assert probe.penalty == PENALTIES[int(np.argmax(aucs))] not in (PENALTIES[0], PENALTIES[-1])


def test_the_probe_s_probabilities_are_not_the_penalty_s():
    """The AUC may like a penalty that leaves hardly any weights."""
    generator = torch.Generator().manual_seed(3)
    x, held = torch.randn(24, 15, generator=generator), torch.randn(4000, 15, generator=generator)
    y, truth = ((z[:, 0] + torch.randn(len(z), generator=generator) > 0).long() for z in (x, held))
    probe = fit_probe(x, y, held, truth, 0.5)
    unscaled, _ = _fitted(x, y, probe.penalty)
    temperature = float(unscaled[0] / probe.weight[0])
    torch.testing.assert_close(probe.weight * temperature, unscaled)
    assert abs(temperature - 1) > 0.1
    scores = split_scores(held.double() @ probe.weight + probe.bias, truth)
    assert fit_temperature(scores, 0.5) == pytest.approx(1, abs=1e-3)


def test_a_probe_that_tells_all_jets_apart_has_finite_weights():
    x = torch.linspace(-1, 1, 40)[:, None]
    y = (x[:, 0] > 0).long()
    probe = fit_probe(x, y, x, y)
    unscaled, _ = _fitted(x, y, probe.penalty)
    torch.testing.assert_close(probe.weight, MOST_SCALED * unscaled)


@pytest.mark.parametrize("name", BACKBONES)
def test_as_many_of_the_last_layers_as_asked_for_are_free(config, name):
    chosen = validate_training(config.model_dump() | {"backbone": BACKBONES[name]}, "test")
    names = [name for name, _ in backbone_of(chosen).named_parameters()]
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
    for n in (1, 3, len(layers) - 1):
        tagger = Tagger(backbone_of(chosen))
        tagger.freeze_all_but_last(n)
        free = [name for name, own in tagger.backbone.named_parameters() if own.requires_grad]
        assert free == [name for name in names if name.rpartition(".")[0] in layers[-n:]]
        assert all(own.requires_grad for own in tagger.head.parameters())


def test_a_pretrained_backbone_has_its_own_learning_rate(bench, config):
    tagger, own = Tagger(backbone_of(config)), config.finetune
    for mode, rate in (("full", own.backbone_learning_rate), ("scratch", own.learning_rate)):
        groups = _optimiser(bench, tagger, mode).param_groups
        assert [group["lr"] for group in groups] == [rate, own.learning_rate]
        assert sum(len(g["params"]) for g in groups) == len(list(tagger.parameters()))
    assert own.backbone_learning_rate != own.learning_rate


def test_a_tagger_begins_as_the_probe_of_standardised_embeddings(bench, weights, config):
    """Those of the labelled jets turned at random, those of the validation jets as they are."""
    tagger, _ = train_tagger(bench, "probe", 20, 0, weights)
    labelled, held, inputs = bench.labelled(20, 0), bench.validation, config.data.inputs
    with torch.no_grad():
        turned = network_inputs(bench.jets.gather(labelled), inputs, _rotation(bench, 0))
        z = tagger.backbone(turned)
    unseen = apply_network(tagger.backbone, bench.jets, held, inputs)
    torch.testing.assert_close(tagger.mean, z.mean(0))
    torch.testing.assert_close(tagger.spread, z.std(0))
    standard = [(x - z.mean(0)) / z.std(0) for x in (z, unseen)]
    targets = bench.target[labelled.rows], bench.target[held.rows]
    probe = fit_probe(standard[0], targets[0], standard[1], targets[1], 0.5)
    torch.testing.assert_close(tagger.head.weight[0], probe.weight.float(), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(tagger.head.bias[0], probe.bias.float(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rotation", [True, False])
def test_labelled_jets_are_turned_if_the_config_says_so(bench, weights, config, rotation):
    chosen = replace(bench, config=changed(config, data={"rotation": rotation}))
    tagger, _ = train_tagger(chosen, "probe", 20, 0, weights)
    z = apply_network(tagger.backbone, bench.jets, bench.labelled(20, 0), config.data.inputs)
    assert torch.allclose(tagger.mean, z.mean(0), rtol=1e-5, atol=1e-6) == (not rotation)


@pytest.mark.parametrize("mode", ["probe", "full", "scratch"])
def test_details_are_those_of_the_tagger_that_is_given_back(bench, weights, config, mode):
    """The best weights' AUC, and the temperature for a mixture of as much signal."""
    tagger, details = train_tagger(bench, mode, 20, 1, weights)
    target = bench.target[bench.validation.rows]
    with torch.no_grad():
        logits = apply_network(tagger, bench.jets, bench.validation, config.data.inputs)
    assert details["validation_auc"] == pytest.approx(score_auc(logits, target), abs=1e-6)
    expected = fit_temperature(split_scores(logits, target), 0.5)
    assert details["temperature"] == pytest.approx(expected, rel=1e-3)


def test_what_was_held_fixed_scores_as_what_is_read_again(dataset, config, tmp_path):
    """Bit for bit, so that a study that was stopped and goes on finds the same figures."""
    chosen = validate_training(config.model_dump() | {"backbone": BACKBONES["transformer"]}, "test")
    bench = set_bench(dataset, chosen, prepare(chosen))
    pretrained = Saved("backbone", backbone_of(chosen).state_dict(), chosen, {"views": []}, {}, {})
    scored = []
    for _ in range(2):
        tagger, _ = Trainings(bench, pretrained).tagger("last_layers", 20, 0, tmp_path)
        scored.append(apply_network(tagger, bench.jets, bench.validation, chosen.data.inputs))
    assert torch.equal(*scored)


def test_each_epoch_has_its_order_and_each_step_its_orientations(bench, config):
    labelled, tagger = bench.labelled(20, 0), Tagger(backbone_of(config))
    seeded = replace(bench, config=changed(config, seed=4))
    orders = [
        torch.cat([b.rows * 3 + b.views for b in _epoch(of, labelled, d, e)]).tolist()
        for of, d, e in ((bench, 0, 0), (bench, 0, 0), (bench, 0, 1), (bench, 1, 0), (seeded, 0, 0))
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0] != orders[3]
    assert orders[0] != orders[4]
    assert orders[2] != orders[3]
    gradients, of_other = (_gradients(bench, tagger, draw, ALONE) for draw in (0, 1))
    assert gradients(labelled, 0) == gradients(labelled, 0)
    assert gradients(labelled, 0) != gradients(labelled, 1)
    assert gradients(labelled, 0) != of_other(labelled, 0)
    as_they_are = replace(bench, config=changed(config, data={"rotation": False}))
    gradients = _gradients(as_they_are, tagger, 0, ALONE)
    assert gradients(labelled, 0) == gradients(labelled, 1)


def test_batches_and_their_parts_are_as_large_as_the_config_says(bench, config):
    chosen = replace(bench, config=changed(config, finetune={"views_per_batch": 12, "parts": 3}))
    labelled, tagger = chosen.labelled(20, 0), Tagger(backbone_of(config))
    batches = list(_epoch(chosen, labelled, 0, 0))
    assert max(map(len, batches)) == 12 < len(labelled)
    sizes = []
    tagger.register_forward_hook(lambda _module, _inputs, scores: sizes.append(len(scores)))
    _gradients(chosen, tagger, 0, ALONE)(batches[0], 0)
    assert set(sizes) == {4}


def test_networks_from_scratch_differ_by_the_seed_and_the_draw(bench, monkeypatch):
    untrained, asked = History(records=[{"views": 0, "auc": 0.5}]), []

    def fit(updates, _epoch, _validate, budget, *, validate_every, **_):
        asked.append((budget, validate_every, updates._clip))
        return untrained

    monkeypatch.setattr("rs3l_train.tasks.train_tagger.fit", fit)
    seeded = replace(bench, config=changed(bench.config, seed=4))
    first, again, other, of_other_seed = (
        train_tagger(of, "scratch", 20, draw, None)[0].backbone.state_dict()
        for of, draw in ((bench, 0), (bench, 0), (bench, 1), (seeded, 0))
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)
    assert not any(torch.equal(first[name], of_other_seed[name]) for name in first)
    own = bench.config.finetune
    budget = Budget(own.max_views_seen, None, own.patience, own.drops)
    assert asked == 4 * [(budget, own.validate_every, own.gradient_clip)]


@pytest.mark.parametrize("compiled", [True, False])
def test_the_network_is_compiled_if_the_config_says_so(bench, config, monkeypatch, compiled):
    given, untrained = [], History(records=[{"views": 0, "auc": 0.5}])
    monkeypatch.setattr("rs3l_train.tasks.train_tagger.fit", lambda *_, **__: untrained)
    monkeypatch.setattr("rs3l_train.tasks.train_tagger.compile_backbones", given.append)
    chosen = changed(config, loop={"compile": compiled}, evaluation={"temperature_scaling": False})
    tagger, details = train_tagger(replace(bench, config=chosen), "scratch", 20, 0, None)
    assert given == ([tagger.backbone] if compiled else [])
    assert "temperature" not in details


@pytest.mark.parametrize("variable", ["mass", "softdrop_mass"])
def test_the_penalty_is_on_the_mass_in_the_jet_s_own_view(dataset, config, variable):
    chosen = changed(config, finetune={"decorrelate": {"variable": variable, "weight": 3}})
    bench = set_bench(dataset, chosen, prepare(chosen))
    # In this dataset both masses are the same.
    bench = replace(bench, softdrop_mass=bench.softdrop_mass.flip(1))
    held = {"mass": bench.jets.jets["mass"], "softdrop_mass": bench.softdrop_mass}[variable]

    def penalty(logits, batch):
        return 3 * mass_penalty(logits, bench.target[batch.rows], held[batch.views, batch.rows])

    batch = bench.labelled(20, 0)
    logits, target = torch.linspace(-2, 2, len(batch)), bench.target[batch.rows].float()
    expected = binary_cross_entropy_with_logits(logits, target) + penalty(logits, batch)
    torch.testing.assert_close(_loss(bench, logits, batch), expected)
    tagger = Tagger(backbone_of(config))
    logits = apply_network(tagger, bench.jets, bench.validation, config.data.inputs)
    # The labelled jets are as many of either class; those of the validation are not.
    target = bench.target[bench.validation.rows].float()
    assert target.mean() < 0.45
    weights = torch.where(target == 1, 0.5 / target.sum(), 0.5 / (1 - target).sum())
    loss = binary_cross_entropy_with_logits(logits, target, weights, reduction="sum")
    expected = -float(loss + penalty(logits, bench.validation))
    assert _validate(bench, tagger)["score"] == pytest.approx(expected)


def test_the_best_validation_is_the_one_described():
    records = [{"views": 10 * i, "auc": auc} for i, auc in enumerate((0.6, 0.9, 0.7))]
    history = History(steps=2, views=20, seconds=3.0, best_after=10, records=records)
    history.drops, history.changes, history.ended = 1, ["a key"], "time"
    assert _described(history) == {
        "validation_auc": 0.9,
        "steps": 2,
        "views_seen": 20,
        "best_after_views": 10,
        "seconds": 3.0,
        "learning_rate_drops": 1,
        "changed_settings": ["a key"],
        "ended": "time",
    }
