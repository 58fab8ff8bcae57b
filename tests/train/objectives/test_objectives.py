from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from rs3l_data.describe.schema import Category
from rs3l_train import backbones
from rs3l_train.config import validate_training
from rs3l_train.objectives import build
from rs3l_train.objectives.masked import N_CATEGORIES, feature_error, hidden_places, without
from rs3l_train.objectives.ntxent import ntxent
from rs3l_train.objectives.projection import projection
from rs3l_train.objectives.simsiam import simsiam, standardised
from rs3l_train.testing import check_objective
from rs3l_train.views.inputs import INPUTS, N_INPUTS, JetInputs, network_inputs
from rs3l_train.views.memory import Batch
from tests.train.conftest import OBJECTIVES

every = pytest.mark.parametrize(
    "settings", [{"name": name, **own} for name, own in OBJECTIVES.items()], ids=OBJECTIVES
)


def made(settings, **blocks):
    """An objective with a small network, the same weights each time."""
    config = validate_training(
        {
            "data": {"constituents": 16},
            "backbone": {"width": 16, "layers": 2, "neighbours": 6, "output": [16, 8]},
            "objective": settings,
            **blocks,
        },
        "test",
    )
    torch.manual_seed(5)
    backbone = backbones.build(config.backbone, N_INPUTS[config.data.inputs])
    return build(config, backbone, 2)


def outputs(objective, batch, seed=1):
    return objective.outputs(batch, torch.Generator().manual_seed(seed))


@every
@pytest.mark.parametrize("seed", range(10))
def test_an_objective_keeps_its_promises(settings, seed):
    check_objective(validate_training({"objective": settings}, "test").objective, seed=seed)


@every
def test_the_same_random_numbers_give_the_same_outputs(settings, jets, selection):
    objective = made(settings)
    batch = jets.gather(selection)
    first = outputs(objective, batch)
    assert torch.equal(first, outputs(objective, batch))
    assert not torch.equal(first, outputs(objective, batch, seed=2))


def test_ntxent_without_projection_contrasts_the_embedding(jets, selection):
    objective = made({"name": "ntxent", "temperature": 0.3})
    batch = jets.gather(selection)
    found = outputs(objective, batch)
    assert torch.equal(found, objective.embed(batch, torch.Generator().manual_seed(1)))
    assert torch.equal(
        objective.loss(found, selection.rows), ntxent(found, selection.rows, temperature=0.3)
    )
    assert len(list(objective.parameters())) == len(list(objective.backbone.parameters()))


def test_the_weights_of_vicreg_weigh_its_terms(jets, selection):
    weights = {"invariance": 2.0, "variance": 3.0, "covariance": 5.0}
    objective = made({"name": "vicreg", **weights})
    found = outputs(objective, jets.gather(selection)).detach()
    terms = objective.figures(found, selection.rows)
    expected = sum(weights[name] * terms[name] for name in weights)
    assert float(objective.loss(found, selection.rows)) == pytest.approx(expected, rel=1e-5)


def test_simsiam_predicts_from_normalised_projections(jets, selection):
    """So that a mean that all projections share can be no good prediction."""
    objective = made({"name": "simsiam", "projection": [12, 6], "predictor": 4})
    projected = outputs(objective, jets.gather(selection))
    loss = objective.loss(projected, selection.rows)
    torch.testing.assert_close(objective.loss(projected + 1, selection.rows), loss)
    z = standardised(projected)
    assert loss == simsiam(z, objective.predict(z), selection.rows)


def test_contrastive_and_masked_add_up(jets, selection):
    objective = made({"name": "contrastive_masked", "weight": 0.25})
    found = outputs(objective, jets.gather(selection)).detach()
    parts = objective.figures(found, selection.rows)
    expected = parts["contrastive"] + 0.25 * parts["masked"]
    assert float(objective.loss(found, selection.rows)) == pytest.approx(expected, rel=1e-5)
    assert parts["masked"] == pytest.approx(float(found[:, -1].mean()))


def test_supervised_is_the_cross_entropy_of_the_labels(dataset, jets, selection):
    objective = made({"name": "supervised"})
    batch = jets.gather(selection)
    label = torch.from_numpy(dataset.initiators["label"].astype(int))[selection.rows]
    assert len(label.unique()) == 2
    logits = objective.classify(objective.embed(batch, torch.Generator().manual_seed(1)))
    found = outputs(objective, batch).detach()
    expected = functional.cross_entropy(logits, label)
    torch.testing.assert_close(objective.loss(found, selection.rows), expected)
    accuracy = float((logits.argmax(1) == label).float().mean())
    assert objective.figures(found, selection.rows)["accuracy"] == pytest.approx(accuracy)


def masks():
    counts = torch.tensor([16, 1, 2, 7, 10] * 30)
    return torch.arange(16) < counts[:, None]


@pytest.mark.parametrize("fraction", [0.05, 0.3, 0.5, 0.95])
def test_a_part_of_the_constituents_is_hidden_never_all(fraction):
    mask = masks()
    places, real = hidden_places(mask, fraction, torch.Generator().manual_seed(1))
    hidden = torch.zeros_like(mask).scatter(1, places, real)
    assert (mask | ~hidden).all()
    assert torch.equal(hidden.sum(1), real.sum(1))
    counts = mask.sum(1)
    expected = torch.minimum((counts * fraction).round().clamp(min=1), counts - 1)
    assert torch.equal(hidden.sum(1), expected.long())


def test_every_constituent_is_hidden_as_often():
    mask = torch.ones(4000, 10, dtype=torch.bool)
    places, real = hidden_places(mask, 0.3, torch.Generator().manual_seed(2))
    counts = places[real].bincount(minlength=10).float()
    assert counts.sum() == 4000 * 3
    assert (counts - 1200).abs().max() < 5 * (1200 * 0.7) ** 0.5


def test_what_is_hidden_cannot_be_seen(jets, selection):
    """The backbone's answer is the same whatever the hidden constituents are."""
    inputs = network_inputs(jets.gather(selection), "shortcut_free")
    places, real = hidden_places(inputs.mask, 0.4, torch.Generator().manual_seed(3))
    hidden = torch.zeros_like(inputs.mask).scatter(1, places, real)
    noise = hidden[..., None] * torch.randn(inputs.features.shape)
    other = inputs._replace(
        features=inputs.features + noise, momenta=inputs.momenta + noise[..., :3]
    )
    seen, seen_other = without(inputs, places, real), without(other, places, real)
    for first, second in zip(seen, seen_other, strict=True):
        assert torch.equal(first, second)
    assert torch.equal(seen.mask, inputs.mask & ~hidden)
    assert (seen.momenta[hidden] == 0).all()


def test_the_error_of_a_prediction_by_hand():
    target = torch.zeros(1, 1, 2 + N_CATEGORIES)
    target[..., 2 + 1] = 1
    predicted = torch.zeros_like(target)
    predicted[..., 0], predicted[..., 1] = 0.5, 3.0
    predicted[..., 2 + 1] = 2.0
    huber = (0.5 * 0.5**2 + (3 - 0.5)) / 2
    entropy = -torch.log_softmax(torch.tensor([0.0, 2.0, 0.0, 0.0, 0.0]), 0)[1]
    assert float(feature_error(predicted, target, 3.0)) == pytest.approx(huber + 3 * float(entropy))


@pytest.mark.parametrize("inputs", INPUTS)
def test_the_last_inputs_are_the_category(inputs, jets, selection):
    batch = jets.gather(selection)
    categories = network_inputs(batch, inputs).features[batch.mask][:, -N_CATEGORIES:]
    assert len(Category) == N_CATEGORIES
    assert (categories.sum(1) == 1).all()
    assert ((categories == 0) | (categories == 1)).all()


def test_masked_modelling_learns_what_constituents_tell_of_each_other():
    """Jets whose constituents all have the same direction: the visible ones tell the hidden."""
    generator = torch.Generator().manual_seed(4)
    n, width = 64, 6
    direction = 0.3 * torch.randn(n, 1, generator=generator).expand(n, width)
    zero, one = torch.zeros(n, width), torch.ones(n, width)
    names = ("pt", "eta", "phi", "energy", "category", "charge", "d0", "d0_error", "dz", "dz_error")
    columns = (10 * one, direction, zero, 10 * one, zero, zero, zero, zero, zero, zero)
    jet = {name: torch.full((n,), 60.0) for name in ("pt", "mass")}
    jet |= {name: torch.zeros(n) for name in ("eta", "phi")}
    batch = Batch(dict(zip(names, columns, strict=True)), one.bool(), jet)
    objective = made({"name": "masked"}, data={"constituents": width, "rotation": False})
    optimiser = torch.optim.Adam(objective.parameters(), 5e-3)
    losses = []
    for _ in range(150):
        loss = objective.loss(objective.outputs(batch, generator), torch.arange(n))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    # The direction enters by Δη/0.4 and ΔR/0.4: without it, Huber's loss would stay near this.
    blind = functional.smooth_l1_loss(direction / 0.4, zero) / 8
    assert losses[-1] < 0.15 * float(blind)


def test_hidden_constituents_are_predicted_from_the_visible_ones_alone(jets, selection):
    """Jet by jet, of nothing but the constituents that are left; the mean over those hidden."""
    objective = made({"name": "masked"})
    inputs = network_inputs(jets.gather(selection), "shortcut_free")
    short = torch.arange(16) >= 2 + torch.arange(len(inputs.mask))[:, None] % 15
    inputs = without(inputs, torch.arange(16).expand_as(short), short)
    task, backbone = objective.prediction, objective.backbone
    found = task(backbone, inputs, torch.Generator().manual_seed(1))
    places, real = hidden_places(inputs.mask, task.fraction, torch.Generator().manual_seed(1))
    for i, error in enumerate(found):
        hidden, left = places[i][real[i]], inputs.mask[i].clone()
        left[hidden] = False
        rest = JetInputs(*(part[i : i + 1, left] for part in inputs))
        seen = backbone.constituents(rest)
        query, keys = (
            task.rank(hidden) + task.jet(backbone.pool(seen, rest.mask)),
            task.visible(seen),
        )
        x = query[None] + task.attention(query[None], keys, keys)[0]
        target = inputs.features[i : i + 1, hidden]
        expected = feature_error(task.features(x + task.refine(x)), target, task.category_weight)
        torch.testing.assert_close(error, expected.mean(), rtol=1e-4, atol=1e-5)


def test_chance_is_the_loss_of_a_network_that_cannot_tell_views_apart(selection):
    objective = made({"name": "ntxent"})
    same = torch.ones(len(selection), 8)
    chance = objective.figures(same, selection.rows)["chance_loss"]
    assert float(objective.loss(same, selection.rows)) == pytest.approx(chance, rel=1e-6)


def test_a_projection_normalises_the_hidden_layers_of_each_jet():
    project, x = projection(4, (6, 5, 3)), torch.randn(7, 4)
    first, second, last = (layer for layer in project if isinstance(layer, nn.Linear))
    hidden = functional.layer_norm(first(x), (6,)).relu()
    hidden = functional.layer_norm(second(hidden), (5,)).relu()
    torch.testing.assert_close(project(x), last(hidden))
    assert torch.equal(projection(4, None)(x), x)


def test_vicreg_compares_vectors_with_their_lengths(config):
    """As its variance is of them: directions alone would hide that all shrink to a point."""
    settings = config.model_dump() | {"objective": {"name": "vicreg", **OBJECTIVES["vicreg"]}}
    chosen = validate_training(settings, "test")
    backbone = backbones.build(chosen.backbone, N_INPUTS[chosen.data.inputs])
    outputs = torch.randn(8, 6, generator=torch.Generator().manual_seed(1))
    compared = build(chosen, backbone, 2).compared(3 * outputs)
    assert torch.equal(compared, 3 * outputs)
