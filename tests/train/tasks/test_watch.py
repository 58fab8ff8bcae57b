from __future__ import annotations

import json
import logging
import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from torch.nn import functional

from rs3l_data.describe.schema import Split
from rs3l_train.config.objective import MaskedConfig
from rs3l_train.errors import TrainingError
from rs3l_train.evaluation.representation import (
    alignment,
    effective_rank,
    knn_auc,
    spectrum,
    spread,
    uniformity,
)
from rs3l_train.loop.history import History
from rs3l_train.objectives.simsiam import SimSiam
from rs3l_train.tasks.pretrain import _warnings, pretrain
from rs3l_train.tasks.pretraining import set_up
from rs3l_train.tasks.watch import NEIGHBOURS, Watch, collapse, knn_probe
from rs3l_train.views.memory import Selection, load
from tests.train.conftest import changed
from tests.train.results import records

SHORT = {"views_seen": 6000, "jets_per_batch": 32, "learning_rate": 1e-2, "warmup": 0.0}


def gaussian(n=500, dimension=6, seed=1):
    return torch.randn(n, dimension, generator=torch.Generator().manual_seed(seed))


def test_the_spectrum_is_that_of_a_covariance():
    z = gaussian() * torch.tensor([4.0, 2, 1, 0.5, 0.1, 0.1])
    unit = z / z.norm(dim=1, keepdim=True)
    widths = np.sqrt(np.linalg.eigvalsh(np.cov(unit.double().numpy().T))[::-1])
    np.testing.assert_allclose(spectrum(z).numpy(), widths / widths.sum(), rtol=1e-4)
    assert effective_rank(z) == pytest.approx(
        math.exp(-sum(p * math.log(p) for p in widths / widths.sum())), rel=1e-4
    )


def test_the_spread_is_one_in_all_directions_and_zero_at_a_point():
    assert spread(gaussian(4000)) == pytest.approx(1, abs=0.01)
    assert spread(gaussian() * 1e-8) == pytest.approx(1, abs=0.05)
    point = torch.ones(100, 6)
    assert spread(point) == 0
    assert spread(torch.zeros(100, 6)) == 0
    # Standard deviation 0.03 in six directions about a point at a distance of √6.
    expected = 0.03 * math.sqrt(6) / math.sqrt(6)
    assert spread(torch.ones(4000, 6) + 0.03 * gaussian(4000)) == pytest.approx(expected, rel=0.05)


def test_nearest_neighbours_are_those_of_scikit_learn():
    z, target = gaussian(200), (gaussian(200, 1, 2)[:, 0] > 0).long()
    z[:, 0] += 1.5 * target
    centred = (z - z.mean(0)).numpy()
    classes = [np.flatnonzero(target == value) for value in (0, 1)]

    def score_of(jet):
        own, other = classes[target[jet]], classes[1 - target[jet]]
        # With each jet one of the other class.
        left_out = [jet, other[list(own).index(jet) % len(other)]]
        known = np.delete(centred, left_out, 0), np.delete(target.numpy(), left_out)
        neighbours = KNeighborsClassifier(7, metric="cosine").fit(*known)
        return neighbours.predict_proba(centred[jet : jet + 1])[0, 1]

    score = [score_of(jet) for jet in range(200)]
    assert knn_auc(z, target, 7) == pytest.approx(roc_auc_score(target, score), abs=1e-6)
    assert knn_auc(z, target, 7) > 0.7


@pytest.mark.parametrize("n_signal", [20, 10])
def test_nearest_neighbours_know_nothing_of_an_embedding_that_holds_nothing(n_signal):
    target = (torch.arange(40) < n_signal).long()
    aucs = [knn_auc(gaussian(40, 8, seed), target, 20) for seed in range(200)]
    assert np.mean(aucs) == pytest.approx(0.5, abs=4 * np.std(aucs) / math.sqrt(200))
    assert np.std(aucs) / math.sqrt(200) < 0.01


def test_a_collapse_is_told_from_health():
    healthy = {"spread": 0.5, "compared_spread": 0.5, "effective_rank": 4.0}
    assert collapse(healthy) is None
    assert collapse({"spread": 1e-3, "effective_rank": 4.0}) is None
    assert "nearly the same for all jets" in collapse(healthy | {"compared_spread": 1e-4})
    assert "to one direction: its effective rank is 1.20" in collapse(
        healthy | {"effective_rank": 1.2}
    )


def warned(caplog):
    return [r.getMessage() for r in caplog.records if "collapsed" in r.getMessage()]


def test_a_collapse_without_variance_is_caught(dataset, config, tmp_path, caplog):
    """VICReg's invariance alone is perfect where all embeddings are the same."""
    alone = {"name": "vicreg", "variance": 0, "covariance": 0, "projection": None}
    with caplog.at_level(logging.WARNING):
        metrics = pretrain(dataset, _with(config, alone), tmp_path)
    assert len(warned(caplog)) == 1
    assert "collapsed" in metrics["warnings"][0]
    log = records(tmp_path)
    assert log[-1]["compared_spread"] < 0.01
    assert log[-1]["validation_loss"] < 0.05 * log[0]["validation_loss"]


def test_vectors_of_one_direction_are_collapsed_however_long_they_are(dataset, config):
    """Cosines do not see their lengths."""
    for name in ("ntxent", "simsiam", "byol", "contrastive_masked"):
        own = {"name": name} | ({"predictor": 8} if name in ("simsiam", "byol") else {})
        objective = set_up(dataset, _with(config, own), torch.device("cpu")).objective
        outputs = torch.ones(50, 9) * (1 + torch.rand(50, 1))
        assert spread(objective.compared(outputs)) == pytest.approx(0, abs=1e-3)
        assert spread(objective.compared(gaussian(4000, 9))) == pytest.approx(1, abs=0.01)


def test_a_contrastive_collapse_is_caught(dataset, config, tmp_path, caplog):
    """A learning rate far too high turns all embeddings in one direction, of unlike lengths."""
    wild = _with(config, {"name": "ntxent"}, learning_rate=1.0, views_seen=4000)
    with caplog.at_level(logging.WARNING):
        metrics = pretrain(dataset, wild, tmp_path)
    assert metrics["final"]["validation_loss"] > 0.99 * metrics["final"]["chance_loss"]
    assert len(warned(caplog)) == 1


def test_a_collapse_without_stopped_gradient_is_caught(
    dataset, config, tmp_path, caplog, monkeypatch
):
    """SimSiam as in fig. 2 of its paper; nor is its last layer normalised over the batch."""

    def symmetric(self, outputs, rows):
        z, p = (torch.nn.functional.normalize(x, dim=1) for x in outputs.chunk(2, dim=1))
        cosine = p @ z.T
        same = rows[:, None] == rows[None, :]
        return -cosine[same & ~torch.eye(len(rows), dtype=torch.bool)].mean()

    monkeypatch.setattr(SimSiam, "loss", symmetric)
    settings = {"name": "simsiam", "projection": [16, 16], "predictor": 8}
    with caplog.at_level(logging.WARNING):
        metrics = pretrain(dataset, _with(config, settings), tmp_path)
    assert metrics["final"]["validation_loss"] < -0.99
    assert len(warned(caplog)) == 1
    assert "collapsed" in metrics["warnings"][0]
    assert metrics["final"]["compared_spread"] < 0.2 * records(tmp_path)[0]["compared_spread"]


@pytest.mark.parametrize(
    ("objective", "views", "probe"),
    [
        ({"name": "ntxent"}, 4000, 0.85),
        ({"name": "vicreg"}, 4000, 0.6),
        ({"name": "simsiam", "projection": [16, 16], "predictor": 8}, 10000, 0.85),
        ({"name": "byol", "projection": [16, 16], "predictor": 8}, 10000, 0.85),
        ({"name": "masked"}, 4000, 0.75),
        ({"name": "contrastive_masked"}, 4000, 0.85),
        ({"name": "supervised"}, 4000, 0.95),
    ],
)
def test_a_healthy_training_is_not_warned_of(
    dataset, config, tmp_path, caplog, objective, views, probe
):
    """Every objective trains, and what it learns tells the classes apart."""
    with caplog.at_level(logging.WARNING):
        metrics = pretrain(
            dataset, _with(config, objective, learning_rate=3e-3, views_seen=views), tmp_path
        )
    log = records(tmp_path)
    assert log[-1]["validation_loss"] < log[0]["validation_loss"]
    assert warned(caplog) == []
    assert metrics["warnings"] == []
    assert metrics["final"]["effective_rank"] > 1.5
    assert len(metrics["spectrum"]) == 8
    assert sum(metrics["spectrum"]) == pytest.approx(1)
    assert probe < metrics["final"]["knn_auc"] <= 1
    titles = {plot["file"] for plot in json.loads((tmp_path / "plots/plots.json").read_text())}
    assert titles == {"loss.png", "spectrum.png"}


def test_the_probe_is_off_where_it_cannot_be(dataset, config, caplog):
    caplog.set_level(logging.INFO, "rs3l_train")
    jets = load(dataset, ("nominal",), 16, torch.device("cpu"))
    assert knn_probe(jets, dataset, changed(config, pretrain={"probe_jets": 40})) is not None
    for blocks, why in (
        ({"pretrain": {"probe_jets": 0}}, ""),
        ({"pretrain": {"probe_jets": 39}}, "it takes 40 jets, training.pretrain.probe_jets is 39"),
        ({"task": {"signal": ["Hbb"]}}, ""),
    ):
        caplog.clear()
        assert knn_probe(jets, dataset, changed(config, **blocks)) is None
        assert bool(caplog.text) == bool(why)
        assert why in caplog.text


@pytest.mark.parametrize(("n_signal", "measured"), [(NEIGHBOURS - 1, False), (NEIGHBOURS, True)])
def test_each_class_of_the_probe_has_as_many_jets_as_neighbours_are_looked_at(
    dataset, config, caplog, n_signal, measured
):
    caplog.set_level(logging.INFO, "rs3l_train")
    signal = dataset.initiators["label"] == dataset.labels.index("higgs")
    held = dataset.initiators["split"] == Split.VALIDATION
    chosen = ~(signal & held)
    present = dataset.jets("nominal")["present"]
    chosen[np.flatnonzero(signal & held & present)[:n_signal]] = True
    few = dataset[chosen]
    probe = knn_probe(load(few, ("nominal",), 16, torch.device("cpu")), few, config)
    assert (probe is not None) == measured
    assert ("a class of the task has fewer than 20 validation jets" in caplog.text) != measured


def test_the_probe_looks_at_validation_jets_of_both_classes(dataset, config):
    jets = load(dataset, ("nominal",), 16, torch.device("cpu"))
    probe = knn_probe(jets, dataset, changed(config, pretrain={"probe_jets": 60}))
    rows = probe.selection.rows.numpy()
    assert (dataset.initiators["split"][rows] == 1).all()
    assert len(np.unique(rows)) == 60
    names = np.array(dataset.labels)[dataset.initiators["label"][rows]]
    assert ((names == "higgs") == (probe.target == 1).numpy()).all()
    assert (names == "higgs").sum() == 30


def _with(config, objective, **pretrain):
    settings = config.model_dump()
    settings["objective"] = objective
    settings["pretrain"] |= SHORT | pretrain
    return type(config).model_validate(settings)


def test_a_validation_is_the_mean_over_its_batches(dataset, config):
    pretraining = set_up(dataset, config, torch.device("cpu"))
    objective, sample = pretraining.objective, pretraining.validation
    generator, losses, geometry = sample.generator(), [], []
    with torch.no_grad():
        record = Watch(objective, sample, None)()
        of_embedding = sample.generator()
        for batch in sample.epoch(0):
            jets = sample.jets.gather(batch)
            losses.append(float(objective.loss(objective.outputs(jets, generator), batch.rows)))
            z = objective.embed(jets, of_embedding)
            geometry.append((alignment(z, batch.rows), uniformity(z, batch.rows)))
    assert len(losses) > 1
    assert record["validation_loss"] == pytest.approx(np.mean(losses))
    assert (record["alignment"], record["uniformity"]) == pytest.approx(tuple(np.mean(geometry, 0)))


def test_a_validation_batch_without_pairs_has_no_alignment(dataset, config):
    pretraining = set_up(dataset, _with(config, {"name": "masked"}), torch.device("cpu"))
    whole = Watch(pretraining.objective, pretraining.validation, None)()

    class Sample:
        """The same batches, of which one in the middle has one view of each jet alone."""

        jets, generator = pretraining.validation.jets, pretraining.validation.generator

        def epoch(self, number):
            for i, batch in enumerate(pretraining.validation.epoch(number)):
                pairs = np.unique(batch.rows.numpy(), return_index=True)[1]
                alone = torch.from_numpy(np.sort(pairs))
                yield batch if i != self.alone else Selection(batch.views[alone], batch.rows[alone])

    for Sample.alone in (0, 1):
        found = Watch(pretraining.objective, Sample(), None)()
        assert found.keys() == whole.keys()
        assert found["alignment"] != whole["alignment"]


def test_what_drops_out_in_training_is_there_in_a_validation(dataset, jets, config):
    """No network of ours has dropout, one that is added may have."""
    pretraining = set_up(dataset, config, torch.device("cpu"))
    objective = pretraining.objective
    objective.backbone.register_forward_hook(
        lambda network, _, z: functional.dropout(z, 0.5, network.training)
    )
    validation = pretraining.validation
    probe = knn_probe(jets, dataset, config)
    watch = Watch(objective, validation, probe)
    assert watch() == watch()
    # For the rest of the training, and for that alone, it drops out.
    assert all(module.training for module in objective.modules())
    batch = validation.jets.gather(next(validation.epoch(0)))
    first, second = (objective.embed(batch, validation.generator()) for _ in range(2))
    assert not torch.equal(first, second)


def test_a_collapse_is_not_told_before_training_and_once(dataset, config, monkeypatch, caplog):
    monkeypatch.setattr("rs3l_train.tasks.watch.COLLAPSED_RANK", 100.0)
    pretraining = set_up(dataset, config, torch.device("cpu"))
    watch = Watch(pretraining.objective, pretraining.validation, None)
    told = []
    for _ in range(3):
        watch()
        told.append(caplog.text.count("collapsed"))
    assert told == [0, 1, 1]
    # A training that goes on was trained before.
    Watch(pretraining.objective, pretraining.validation, None, trained=True)()
    assert caplog.text.count("collapsed") == 2


def test_weights_that_are_spoilt_end_the_training(dataset, config, tmp_path):
    """After few steps, whose losses were still finite."""
    wild = _with(config, {"name": "ntxent"}, learning_rate=1e20, views_seen=64)
    with pytest.raises(TrainingError, match=r"not finite.* lower the learning rate"):
        pretrain(dataset, wild, tmp_path)


def test_a_collapse_that_is_over_is_kept_in_the_warnings(config):
    healthy = {"effective_rank": 5.0, "compared_spread": 0.5, "views": 300.0}
    collapsed = healthy | {"effective_rank": 1.1, "views": 200.0}
    small = dict.fromkeys(("r2 |eta|", "r2 orientation"), 0.0)

    def warned(*records):
        return _warnings(History(records=[*records]), small, config)

    (over,) = warned(healthy | {"views": 0.0}, collapsed, healthy)
    assert "one direction" in over
    assert over.endswith("so it was after 200 views, and no longer at the end")
    (still,) = warned(healthy, collapsed)
    assert "no longer" not in still
    # Random weights may have little spread.
    assert warned(collapsed | {"views": 0.0}, healthy) == []


def test_a_shortcut_is_named_with_what_hides_it(caplog, config):
    history = History(records=[{"effective_rank": 5.0, "compared_spread": 0.5}])
    paper_s = changed(config, data={"inputs": "rs3l"})
    found = _warnings(history, {"r2 |eta|": 0.6, "r2 orientation": 0.4}, paper_s)
    assert len(found) == 1
    assert "the embedding holds |eta| (R² = 0.60)" in found[0]
    assert found[0].endswith(": use training.data.inputs: shortcut_free")
    assert found[0] in caplog.text
    (in_spite,) = _warnings(history, {"r2 orientation": 0.6}, paper_s)
    assert in_spite.endswith("in spite of training.data.rotation: true")
    # What compares no views has none to recognise.
    alone = config.model_copy(update={"objective": MaskedConfig()})
    assert _warnings(history, {"r2 |eta|": 0.6, "r2 orientation": 0.6}, alone) == []
