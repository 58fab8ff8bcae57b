"""A training that is stopped anywhere and taken up again is the one that was not stopped."""

from __future__ import annotations

import itertools
import json
import shutil
import signal

import pytest
import torch
from torch import nn

from rs3l_data.errors import ConfigError, InputFileError, StorageError
from rs3l_train.config import LoopConfig
from rs3l_train.errors import TrainingError, TrainingStoppedError
from rs3l_train.loop.fit import fit
from rs3l_train.loop.history import Budget
from rs3l_train.loop.identity import Identity
from rs3l_train.loop.interrupts import noticed
from rs3l_train.loop.logs import MetricsLog, read_records
from rs3l_train.loop.sealed import read_header
from rs3l_train.loop.step import InParts, in_one_share
from rs3l_train.loop.training_state import CHECKPOINT, FORMAT, Checkpoints
from rs3l_train.loop.updates import Updates
from rs3l_train.views.memory import Selection
from tests.train.results import records

CPU = torch.device("cpu")
FIXED = {"network": "small"}
SETTINGS = {"learning_rate": 0.05}


class CrashError(Exception):
    pass


def batches(epoch):
    order = torch.randperm(20, generator=torch.Generator().manual_seed(epoch))
    for rows in order.split(6):
        yield Selection(torch.zeros_like(rows), rows)


def train(
    folder,
    *,
    at_step=None,
    act=None,
    budget=None,
    resume="auto",
    fixed=FIXED,
    settings=SETTINGS,
    every_views=10,
    rate=0.05,
    in_validation=lambda: None,
    on_best=None,
):
    """Train a little network on noisy numbers; ``act`` is called in step ``at_step``."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.2), nn.Linear(4, 1))
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(9))

    def outputs_of(part, generator):
        noise = torch.randn(len(part), 3, generator=generator)
        return model(x[part.rows] + 0.1 * noise)

    def loss_of(outputs, batch):
        return (outputs.squeeze(1) - x[batch.rows].sum(1)).square().mean()

    in_parts = InParts(model, outputs_of, in_one_share(loss_of), CPU, seed=5, parts=2)

    def gradients(batch, step):
        loss = in_parts(batch, step)
        return act() or loss if step == at_step else loss

    def validate():
        in_validation()
        model.eval()
        with torch.no_grad():
            loss = (model(x).squeeze(1) - x.sum(1)).square().mean().item()
        model.train()
        return {"score": -abs(loss - 2.0), "validation_loss": loss}

    history = fit(
        Updates(
            model,
            torch.optim.Adam(model.parameters(), rate),
            gradients,
            lambda step: 1 / (1 + step / 10),
            gradient_clip=1.0,
        ),
        batches,
        validate,
        budget or Budget(200),
        validate_every=15,
        title="t",
        log=MetricsLog(folder),
        on_best=on_best,
        checkpoints=Checkpoints(
            folder,
            Identity(fixed, settings),
            LoopConfig(checkpoint_views=every_views, checkpoint_seconds=None),
            resume,
        ),
    )
    return model.state_dict(), history


def crash():
    raise CrashError


@pytest.mark.parametrize("budget", [Budget(200), Budget(400, patience=3, drops=2)])
@pytest.mark.parametrize("step", [0, 1, 2, 5, 13, 30])
def test_after_a_crash_it_goes_on_bit_for_bit(tmp_path, step, budget):
    weights, history = train(tmp_path / "whole", budget=budget)
    assert bool(history.drops) == bool(budget.drops)
    with pytest.raises(CrashError):
        train(tmp_path / "cut", at_step=step, act=crash, budget=budget)
    # Whatever happened in between must not matter, the global random numbers included.
    torch.rand(7)
    again, second = train(tmp_path / "cut", budget=budget)
    assert records(tmp_path / "cut") == records(tmp_path / "whole")
    assert all(torch.equal(again[k], weights[k]) for k in weights)
    assert (second.steps, second.drops, second.ended, second.best_after) == (
        history.steps,
        history.drops,
        history.ended,
        history.best_after,
    )


def test_never_starts_anew_and_must_does_not(tmp_path):
    nothing = "no such file, so there is no unfinished training .*; --resume auto starts one"
    with pytest.raises(InputFileError, match=nothing):
        train(tmp_path, resume="must")
    with pytest.raises(CrashError):
        train(tmp_path, at_step=9, act=crash)
    # What never comes to step 0 again does not crash there.
    with pytest.raises(CrashError):
        train(tmp_path, at_step=11, act=crash, resume="must")
    with pytest.raises(CrashError):
        train(tmp_path, at_step=0, act=crash, resume="never")
    # Stopped before it saved anything, it does not leave the state that it was not to go on from.
    with pytest.raises(InputFileError, match="no such file, so there is no unfinished training"):
        train(tmp_path, resume="must")


def test_another_training_is_not_continued(tmp_path, caplog):
    with pytest.raises(CrashError):
        train(tmp_path, at_step=9, act=crash)
    with pytest.raises(ConfigError, match="network is now 'large' and was 'small'"):
        train(tmp_path, fixed={"network": "large"}, resume="must")
    changed = {"learning_rate": 0.01}
    other = shutil.copytree(tmp_path, tmp_path.with_name("other"))
    with pytest.raises(CrashError):  # starts anew, so comes to step 0
        train(other, at_step=0, act=crash, settings=changed)
    assert "starts anew: learning_rate is now 0.01 and was 0.05" in caplog.text
    # Nothing is left of the first, which would be gone on with beside the second's best weights.
    with pytest.raises(CrashError):
        train(other, at_step=0, act=crash)
    history = train(tmp_path, at_step=0, act=crash, settings=changed, resume="must")[1]
    assert "going on with changed settings: learning_rate is now 0.01" in caplog.text
    assert history.changes == ["after 38 views: learning_rate is now 0.01 and was 0.05"]


@pytest.mark.parametrize("settings", [SETTINGS, {"learning_rate": 0.01}])
def test_a_training_of_another_network_starts_anew(tmp_path, caplog, settings):
    """And says so before it speaks of settings, with which it might go on."""
    with pytest.raises(CrashError):
        train(tmp_path, at_step=9, act=crash)
    with pytest.raises(CrashError):
        train(tmp_path, at_step=0, act=crash, fixed={"network": "large"}, settings=settings)
    assert "starts anew: network is now 'large' and was 'small'" in caplog.text


def test_what_was_changed_on_the_way_is_remembered_over_more_stops(tmp_path):
    with pytest.raises(CrashError):
        train(tmp_path, at_step=5, act=crash)
    with pytest.raises(CrashError):
        train(tmp_path, at_step=9, act=crash, settings={"learning_rate": 0.01}, resume="must")
    history = train(tmp_path, settings={"learning_rate": 0.01})[1]
    assert len(history.changes) == 1
    assert history.changes[0].endswith("views: learning_rate is now 0.01 and was 0.05")


def test_going_on_with_other_code_is_remembered(tmp_path, caplog, monkeypatch):
    with pytest.raises(CrashError):
        train(tmp_path, at_step=9, act=crash)
    monkeypatch.setattr("rs3l_train.loop.identity.source_digest", lambda _: "another")
    history = train(tmp_path)[1]
    assert "going on with changed software: the code of rs3l_train is now 'another'" in caplog.text
    (change,) = history.changes
    assert change.startswith("after 38 views: the code of rs3l_train is now 'another' and was '")


def test_a_checkpoint_that_is_not_whole_is_named(tmp_path):
    with pytest.raises(CrashError):
        train(tmp_path, at_step=9, act=crash)
    path = tmp_path / CHECKPOINT
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with pytest.raises(InputFileError, match=r"not a whole safetensors file.*--resume never"):
        train(tmp_path)
    path.write_bytes(whole.replace(b"rs3l-training-4", b"rs3l-training-3"))
    with pytest.raises(
        InputFileError,
        match="'rs3l-training-3', expected 'rs3l-training-4'; start anew with --resume never",
    ):
        train(tmp_path)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    with pytest.raises(CrashError):
        train(tmp_path, at_step=9, act=crash)
    before = (tmp_path / CHECKPOINT).read_bytes()

    def fill_disk():
        monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))

    with pytest.raises(StorageError, match="does not fit"):
        train(tmp_path, at_step=9, act=fill_disk)
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_a_loss_that_is_no_number_keeps_the_state_before(tmp_path):
    with pytest.raises(
        TrainingError, match=r"step 9 \(epoch 2, batch 1\): the loss is nan"
    ) as error:
        train(tmp_path, at_step=9, act=lambda: torch.tensor(torch.nan), every_views=None)
    assert "--resume must" in str(error.value)
    # Without what made it fail, the training goes on as if nothing had been.
    weights, _ = train(tmp_path / "whole")
    again, _ = train(tmp_path)
    assert all(torch.equal(again[k], weights[k]) for k in weights)
    assert records(tmp_path) == records(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_between_two_steps(tmp_path, number):
    before = signal.getsignal(number)
    with pytest.raises(
        TrainingStoppedError, match=f"{number.name} after step 8; .*goes on"
    ) as stop:
        train(tmp_path, at_step=7, act=lambda: signal.raise_signal(number), every_views=None)
    assert stop.value.exit_code == 130
    assert signal.getsignal(number) is before
    weights, _ = train(tmp_path / "whole")
    again, _ = train(tmp_path)
    assert all(torch.equal(again[k], weights[k]) for k in weights)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_first_validation_stops_it_after_the_first_step(tmp_path, number):
    """It comes before the loop, in the block that encloses all of a training."""
    with pytest.raises(TrainingStoppedError, match=f"{number.name} after step 1;"), noticed():
        train(tmp_path, in_validation=lambda: signal.raise_signal(number))
    assert (tmp_path / CHECKPOINT).exists()


def test_the_checkpoint_is_not_older_than_the_best_weights(tmp_path):
    """Else a training that goes on with other settings would keep those of abandoned steps."""
    written = []
    with pytest.raises(CrashError):
        train(
            tmp_path,
            at_step=29,
            act=crash,
            every_views=10_000,
            on_best=lambda: written.append(records(tmp_path)[-1]["views"]),
        )
    header = read_header(tmp_path / CHECKPOINT, FORMAT, "")
    assert json.loads(header["history"])["views"] == written[-1] > 0


def test_best_weights_alone_ask_for_no_checkpoint(tmp_path):
    with pytest.raises(CrashError):
        train(tmp_path, at_step=29, act=crash, every_views=None, on_best=lambda: None)
    assert not (tmp_path / CHECKPOINT).exists()


def test_nothing_in_a_checkpoint_is_executed(tmp_path):
    """It is safetensors: a header in JSON, then numbers."""
    with pytest.raises(CrashError):
        train(tmp_path, at_step=9, act=crash)
    content = (tmp_path / CHECKPOINT).read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    numbers = [v["data_offsets"][1] for k, v in header.items() if k != "__metadata__"]
    assert len(content) == 8 + length + max(numbers)


def test_the_time_before_a_stop_counts(tmp_path, monkeypatch):
    seconds = itertools.count()
    monkeypatch.setattr("rs3l_train.loop.fit.time.monotonic", lambda: float(next(seconds)))
    with pytest.raises(CrashError):
        train(tmp_path, at_step=30, act=crash)
    train(tmp_path)
    times = [record["seconds"] for record in read_records(tmp_path)]
    assert times == sorted(times)
