"""When checkpoints are due, who writes them, and for which training they are."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from rs3l_data.errors import InputFileError
from rs3l_train.config import LoopConfig
from rs3l_train.loop.best import BestWeights
from rs3l_train.loop.history import History
from rs3l_train.loop.identity import Identity
from rs3l_train.loop.processes import ALONE
from rs3l_train.loop.training_state import Checkpoints, TrainingState

FIXED = {"network": "small"}
SETTINGS = {"learning_rate": 0.05}


def state(views=0, inputs=1):
    model, history = nn.Linear(inputs, 1), History(views=views)
    best = BestWeights(model, history, None)
    return TrainingState(model, torch.optim.Adam(model.parameters()), best, history)


def test_a_checkpoint_keeps_notes_for_the_same_training(tmp_path):
    def noted(settings, resume="auto"):
        identity = Identity(FIXED, settings)
        return Checkpoints(tmp_path, identity, LoopConfig(), resume).noted("loading")

    first = Checkpoints(tmp_path, Identity(FIXED, SETTINGS), LoopConfig())
    assert first.noted("loading") is None
    first.notes["loading"] = "stream"
    first.save(state())
    assert noted(SETTINGS) == "stream"
    assert noted({}) is None
    assert noted({}, "must") == "stream"
    assert noted(SETTINGS, "never") is None


@pytest.mark.parametrize(("score", "best"), [("of 4 jets", 0.5), ("of 32 jets", -math.inf)])
def test_a_best_score_of_another_loss_is_none_to_beat(tmp_path, score, best):
    def checkpoints(score):
        found = Checkpoints(tmp_path, Identity({}, {}), LoopConfig())
        found.notes["score"] = score
        return found

    before, now = state(), state()
    before.history.best_score = 0.5
    checkpoints("of 4 jets").save(before)
    checkpoints(score).restore(now)
    assert now.history.best_score == best


@pytest.mark.parametrize("other", [False, True])
def test_the_best_weights_before_a_stop_stay(tmp_path, other):
    """And not those of another training."""
    Checkpoints(tmp_path, Identity(FIXED, SETTINGS), LoopConfig()).save(state())
    results = ("best.safetensors", "metrics.jsonl", "weights.safetensors", "metrics.json")
    for name in results:
        (tmp_path / name).write_text("{}")
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "metrics.json").write_text("{}")
    Checkpoints(tmp_path, Identity(FIXED, {} if other else SETTINGS), LoopConfig()).restore(state())
    left = {name for name in results if (tmp_path / name).exists()}
    assert left == (set() if other else set(results[:2]))
    assert not (tmp_path / "evaluation" / "metrics.json").exists()


def test_a_checkpoint_is_due_so_long_after_the_last(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("rs3l_train.loop.training_state.time.monotonic", lambda: clock[0])
    checkpoints = Checkpoints(tmp_path, Identity({}, {}), LoopConfig(checkpoint_seconds=60))
    due = []
    for clock[0] in (59, 60, 61, 119, 120):
        due.append(checkpoints.due(0))
        if due[-1]:
            checkpoints.save(state())
    assert due == [False, True, False, False, True]


def test_a_checkpoint_is_due_so_many_views_after_the_last(tmp_path):
    loop = LoopConfig(checkpoint_views=10, checkpoint_seconds=None)
    first = Checkpoints(tmp_path, Identity({}, {}), loop)
    assert [first.due(views) for views in (9, 10)] == [False, True]
    first.save(state(views=12))
    then = Checkpoints(tmp_path, Identity({}, {}), loop)
    then.restore(state())
    for checkpoints in (first, then):
        assert [checkpoints.due(views) for views in (21, 22)] == [False, True]


def test_the_first_process_alone_writes_and_takes_away(tmp_path, monkeypatch):
    """But all of them know when the last checkpoint was."""
    clock = [0.0]
    monkeypatch.setattr("rs3l_train.loop.training_state.time.monotonic", lambda: clock[0])
    loop, second = LoopConfig(checkpoint_seconds=60), replace(ALONE, rank=1, count=2)
    first, other = (
        Checkpoints(tmp_path, Identity({}, {}), loop, processes=one) for one in (ALONE, second)
    )
    (tmp_path / "metrics.json").touch()
    other.restore(state())
    assert (tmp_path / "metrics.json").exists()
    clock[0] = 60
    other.save(state())
    assert not other.path.exists()
    assert not other.due(0)
    first.save(state())
    other.remove()
    assert other.path.exists()
    for _ in range(2):
        first.remove()
        assert not first.path.exists()


def test_a_checkpoint_of_another_network_is_named(tmp_path):
    Checkpoints(tmp_path, Identity({}, {}), LoopConfig()).save(state(inputs=2))
    with pytest.raises(InputFileError, match=r"does not fit this network: (.|\n)*--resume never"):
        Checkpoints(tmp_path, Identity({}, {}), LoopConfig()).restore(state())
