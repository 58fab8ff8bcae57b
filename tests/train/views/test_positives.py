from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from rs3l_data.errors import ConfigError
from rs3l_train.config import validate_training
from rs3l_train.config.names import chosen_views
from rs3l_train.tasks.pretraining import jets_to_pretrain_on
from rs3l_train.views.batches import pretraining_batches
from rs3l_train.views.positives import Positives, chosen_positives

NONE = {"translation": 0, "smearing": 0, "splitting": False}
EQUAL = Positives(torch.ones(3), None, 1)


def batches(jets, positives, seed=1, size=16, pairs=True):
    rows = positives.rows(jets.present, torch.arange(jets.n_rows), pairs)
    generator = torch.Generator().manual_seed(seed)
    return rows, list(pretraining_batches(jets, rows, size, positives, generator))


def test_an_epoch_shows_every_present_view_once(jets):
    rows, found = batches(jets, EQUAL)
    seen = torch.cat([batch.rows * 3 + batch.views for batch in found])
    assert len(seen.unique()) == len(seen)
    for batch in found:
        assert len(batch.rows.unique()) == 16
        assert len(batch) == int(jets.present[:, batch.rows.unique()].sum())
        assert jets.present[batch.views, batch.rows].all()
    assert len(found) == len(rows) // 16


def test_epochs_differ_and_repeat_with_their_seed(jets):
    first, again, other = (batches(jets, EQUAL, seed)[1][0].rows.tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_views_of_a_jet_can_be_drawn_and_all_get_their_turn(jets):
    _, found = batches(jets, replace(EQUAL, views_per_jet=2))
    for batch in found:
        assert (batch.rows.unique(return_counts=True)[1] == 2).all()
        assert jets.present[batch.views, batch.rows].all()
    counts = torch.cat([batch.views for batch in found]).bincount(minlength=3)
    assert counts.min() > 0.25 * counts.sum()


def test_a_jet_with_fewer_views_than_are_drawn_brings_those_that_it_has(jets):
    """Where an objective needs no pairs; an absent view would be a jet without constituents."""
    drawn = replace(EQUAL, views_per_jet=2)
    rows, found = batches(jets, drawn, pairs=False)
    assert (jets.present[:, rows].sum(0) == 1).any()
    for batch in found:
        assert jets.present[batch.views, batch.rows].all()
        own, counts = batch.rows.unique(return_counts=True)
        assert torch.equal(counts, drawn.entries(jets.present, own))


def test_no_view_is_lost_to_the_lowest_of_random_numbers(jets, monkeypatch):
    """Which is 0, once in some 10⁷: what is absent came before it."""
    monkeypatch.setattr(torch, "rand", lambda shape, generator: torch.zeros(shape))
    for batch in batches(jets, replace(EQUAL, views_per_jet=2))[1]:
        assert (batch.rows.unique(return_counts=True)[1] == 2).all()


def test_views_are_drawn_by_their_weights(jets):
    """With one view drawn, the probability is the weight; with two, that of drawing in turn."""
    everywhere = replace(jets, present=torch.ones(3, 3000, dtype=torch.bool))
    weights = [1.0, 2.0, 5.0]
    one = Positives(torch.tensor(weights), 1, 1)
    views = torch.cat([b.views for b in batches(everywhere, one, pairs=False)[1]])
    for count, weight in zip(views.bincount(), weights, strict=True):
        expected = len(views) * weight / 8
        assert abs(count - expected) < 4 * math.sqrt(expected)
    two = replace(one, views_per_jet=2)
    views = torch.cat([b.views for b in batches(everywhere, two)[1]]).reshape(-1, 2)
    without_last = (views != 2).all(1).float().mean()
    expected = 1 / 8 * 2 / 7 + 2 / 8 * 1 / 6
    assert float(without_last) == pytest.approx(expected, abs=4 * math.sqrt(expected / len(views)))


def test_a_view_of_weight_zero_is_never_drawn_even_if_it_is_the_only_one_left(jets):
    for views_per_jet in (None, 2):
        positives = Positives(torch.tensor([1.0, 0.0, 3.0]), views_per_jet, 1)
        rows, found = batches(jets, positives)
        assert jets.present[[0, 2]][:, rows].all()
        for batch in found:
            assert not (batch.views == 1).any()
            assert (batch.rows.unique(return_counts=True)[1] == 2).all()


def test_jets_with_one_entry_have_no_pair_and_copies_give_them_one(jets):
    everything = torch.arange(jets.n_rows)
    n_present = jets.present.sum(0)
    assert len(EQUAL.rows(jets.present, everything, True)) == int((n_present >= 2).sum())
    assert len(EQUAL.rows(jets.present, everything, False)) == int((n_present >= 1).sum())
    copied = Positives(torch.tensor([1.0, 0.0, 0.0]), None, 2)
    rows = copied.rows(jets.present, everything, True)
    assert torch.equal(rows, everything[jets.present[0]])
    assert torch.equal(copied.entries(jets.present, rows), torch.full((len(rows),), 2))


def chosen(dataset, **blocks):
    config = validate_training(blocks, "test")
    views = chosen_views(dataset.views, config.data)
    return chosen_positives(dataset, views, config)


def test_weights_go_by_name_before_intervention_point(dataset, monkeypatch):
    described = {"nominal": {}, "seed": {"redo": "shower"}, "fsr_up": {"redo": "detector"}}
    monkeypatch.setattr(type(dataset), "config", property(lambda _: {"views": described}))
    weights = {"shower": 0.5, "detector": 3, "seed": 7}
    found = chosen(dataset, pretrain={"view_weights": weights, "views_per_jet": 2})
    assert found.weights.tolist() == [0.5, 7.0, 3.0]
    assert chosen(dataset).weights.tolist() == [1, 1, 1]
    described.pop("fsr_up")
    with pytest.raises(ConfigError, match="does not say at which point its view 'fsr_up'"):
        chosen(dataset, pretrain={"view_weights": weights})


def test_what_is_without_effect_is_told(dataset, caplog):
    weights = {"shower": 0.5, "hadronization": 3, "nominal": 2, "fsr_up": 4}
    pretrain = {"view_weights": weights, "views_per_jet": 1, "copies": 2}
    found = chosen(dataset, data={"hold_out": ["fsr_up"]}, pretrain=pretrain)
    assert found.weights.tolist() == [2, 0.5]
    idle = [record.getMessage().split()[1] for record in caplog.records]
    assert idle == ["hadronization", "fsr_up"]
    assert "it is for none of nominal, seed" in caplog.text
    caplog.clear()
    chosen(dataset, pretrain={"views_per_jet": 3})
    assert not caplog.records
    chosen(dataset, pretrain={"views_per_jet": 4})
    assert "4, but jets have 3 views to draw from: nominal, seed, fsr_up" in caplog.text


@pytest.mark.parametrize("data", [{"hold_out": ["fsr_up"]}, {"views": ["nominal", "seed"]}])
def test_a_view_left_out_of_a_pretraining_may_have_a_weight(dataset, caplog, data):
    blocks = {"data": data, "pretrain": {"view_weights": {"fsr_up": 4}}}
    config = validate_training(blocks, "test")
    found = chosen_positives(jets_to_pretrain_on(dataset, config), ("nominal", "seed"), config)
    assert found.weights.tolist() == [1, 1]
    assert "fsr_up is without effect: it is for none of nominal, seed" in caplog.text


def test_one_view_is_copied_where_views_are_compared(dataset):
    alone, moved = {"views": ["nominal"]}, {"augmentations": {"translation": 1}}
    assert chosen(dataset, data=alone, pretrain=moved).copies == 2
    assert chosen(dataset, data=alone, pretrain={"copies": 2}).copies == 2
    assert chosen(dataset, objective={"name": "masked"}, data=alone).copies == 1
    assert chosen(dataset).copies == 1
    assert chosen(dataset, pretrain={"views_per_jet": 1, **moved}).copies == 2


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"pretrain": {"view_weights": {"sede": 1}}}, "'sede' is neither .* did you mean 'seed'"),
        ({"pretrain": {"view_weights": {"seed": 2}}}, "it is null and all 3 are taken"),
        (
            {"pretrain": {"view_weights": {"seed": 2}, "views_per_jet": 3}},
            "it is 3 and all 3 are taken",
        ),
        ({"pretrain": {"view_weights": {"shower": 0}}}, "every one of the views .* has weight 0"),
        ({"data": {"views": ["seed"]}, "pretrain": {"copies": 1}}, "'ntxent' compares two; set it"),
        ({"data": {"views": ["seed"]}}, r"'ntxent' compares two .* would have one \(seed\)"),
        ({"pretrain": {"views_per_jet": 1}}, "'ntxent' compares two .* would have one"),
        (
            {"data": {"views": ["seed"], "rotation": False}, "pretrain": {"copies": 2}},
            "the 2 copies of a view are the same; choose augmentations",
        ),
        ({"pretrain": {"views_per_jet": 1, "augmentations": NONE}}, "'ntxent' compares two"),
        (
            {"data": {"rotation": False}, "pretrain": {"copies": 2, "augmentations": NONE}},
            "augmentations: none with an effect, so that the 2 copies",
        ),
    ],
)
def test_a_choice_that_cannot_be_is_named(dataset, blocks, message):
    with pytest.raises(ConfigError, match=message):
        chosen(dataset, **blocks)


def test_draws_without_weights_are_uniform_over_pairs(jets):
    everywhere = replace(jets, present=torch.ones(3, 3000, dtype=torch.bool))
    _, found = batches(everywhere, replace(EQUAL, views_per_jet=2), seed=5)
    views = torch.cat([b.views for b in found]).reshape(-1, 2)
    pairs = np.unique(views.numpy(), axis=0, return_counts=True)[1]
    assert len(pairs) == 3
    assert np.abs(pairs - len(views) / 3).max() < 4 * math.sqrt(len(views) / 3)


def test_copies_are_of_each_view_that_a_jet_brings(jets):
    for batch in batches(jets, replace(EQUAL, copies=2))[1]:
        assert torch.equal(batch.rows[::2], batch.rows[1::2])
        assert torch.equal(batch.views[::2], batch.views[1::2])
        assert jets.present[batch.views, batch.rows].all()
