"""Test jets that a network has learned from are told, whatever their dataset calls them."""

from __future__ import annotations

import numpy as np
import pytest

import rs3l_data
from rs3l_train.tasks.evaluate import evaluate
from rs3l_train.tasks.finetune import finetune
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.study import study
from tests.synthetic import make_dataset
from tests.train.conftest import VIEWS, changed

QUICK = {
    "pretrain": {"views_seen": 300, "validation_jets": 40},
    "finetune": {"max_views_seen": 200, "validate_every": 100},
    "task": {"labels": [20], "seeds": 1, "modes": ["probe", "scratch"], "validation_labels": 20},
}


@pytest.fixture(scope="module")
def quick(config):
    return changed(config, **QUICK)


@pytest.fixture(scope="module")
def run(dataset, quick, tmp_path_factory):
    out = tmp_path_factory.mktemp("pretrained")
    pretrain(dataset, quick, out)
    return out


def split_otherwise(folder, monkeypatch, seed):
    """The same events if the seed is 4, split by other fractions."""
    monkeypatch.setattr("tests.synthetic.FRACTIONS", (0.2, 0.2, 0.6))
    return rs3l_data.open(make_dataset(folder, 200, VIEWS, ("higgs", "qcd"), seed=seed))


def test_a_split_that_holds_tells_nothing(dataset, quick, run, tmp_path):
    found = study(dataset, quick, run, tmp_path / "study")
    n_test = found["task"]["test_jets"]
    assert found["warnings"] == []
    assert found["learned_from"] == {"pretraining": {"compared": n_test, "shared": 0}}
    assert finetune(dataset, quick, run, "probe", 20, tmp_path / "tagger")["warnings"] == []
    assert evaluate(dataset, tmp_path / "tagger", tmp_path / "evaluation")["warnings"] == []


@pytest.mark.parametrize("file", ["", "best.safetensors"])
def test_another_split_of_the_same_events_is_told(
    dataset, quick, run, tmp_path, monkeypatch, caplog, file
):
    other = split_otherwise(tmp_path / "other", monkeypatch, 4)
    test = other.select(splits="test").initiators
    train = dataset.select(splits="train")
    enough = sum(train.jets(view)["present"].astype(int) for view in VIEWS) >= 2
    shared = int(np.isin(test["pt"], train.initiators["pt"][enough]).sum())
    assert shared > 0
    expected = f"{shared} of {len(test['pt'])} test jets that could be compared are of hard events"
    (told,) = finetune(other, quick, run / file, "probe", 20, tmp_path / "tagger")["warnings"]
    assert told.startswith(f"{expected} that the network was pretrained on")
    assert told in caplog.text
    assert study(other, quick, run / file, tmp_path / "study")["warnings"] == [told]
    # From scratch, what was pretrained on is nothing that the network has seen.
    scratch = finetune(other, quick, run / file, "scratch", 20, tmp_path / "scratch")
    assert scratch["warnings"] == []


def test_a_tagger_knows_its_labels_and_its_pretraining(dataset, quick, run, tmp_path, monkeypatch):
    finetune(dataset, quick, run, "probe", 20, tmp_path / "tagger")
    finetune(dataset, quick, None, "scratch", 20, tmp_path / "scratch")
    other = split_otherwise(tmp_path / "other", monkeypatch, 4)
    told = evaluate(other, tmp_path / "tagger", tmp_path / "evaluation")["warnings"]
    assert ["pretrained on" in told[0], "with labels" in told[1], len(told)] == [True, True, 2]
    (told,) = evaluate(other, tmp_path / "scratch", tmp_path / "evaluation")["warnings"]
    assert "with labels" in told
    independent = split_otherwise(tmp_path / "independent", monkeypatch, 5)
    assert evaluate(independent, tmp_path / "tagger", tmp_path / "evaluation")["warnings"] == []
