"""Whole commands: killed and resumed, interrupted, and shared by two processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rs3l_train.config import load_training
from rs3l_train.errors import TrainingError
from rs3l_train.tasks.pretrain import pretrain
from tests.train.conftest import too_large, write_config
from tests.train.results import records

CHANGES = {
    "pretrain": {"views_seen": 2500},
    "loop": {"checkpoint_seconds": None, "checkpoint_views": 150, "parts": 2},
}


@pytest.fixture(scope="module")
def config_file(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("config"), CHANGES)


@pytest.fixture(scope="module")
def arguments(folder, config_file):
    return ["pretrain", "--data", str(folder), "--config", str(config_file), "--out"]


@pytest.fixture(scope="module")
def whole(dataset, config_file, tmp_path_factory):
    """A run that nothing stopped."""
    out = tmp_path_factory.mktemp("whole")
    pretrain(dataset, load_training(config_file), out)
    return out


def start_and_signal(arguments, out, number):
    """Start the command and send it a signal as soon as it has saved another checkpoint."""
    checkpoint = out / "checkpoint.safetensors"
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
    process = subprocess.Popen(
        [sys.executable, "-m", "rs3l_train", *arguments, str(out)],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.001)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert not (out / "weights.safetensors").exists()
    return process.returncode, error


def test_an_interrupted_and_then_killed_run_goes_on_bit_for_bit(
    arguments, whole, dataset, config_file, tmp_path
):
    code, error = start_and_signal(arguments, tmp_path, signal.SIGINT)
    assert code == 130
    assert "the same command goes on from" in error
    assert "Traceback" not in error
    code, error = start_and_signal(arguments, tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert "going on after" in error
    pretrain(dataset, load_training(config_file), tmp_path, "must")
    assert records(tmp_path) == records(whole)
    for name in ("weights", "best"):
        found, expected = (load_file(f / f"{name}.safetensors") for f in (tmp_path, whole))
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[k], expected[k]) for k in expected)
    assert not (tmp_path / "checkpoint.safetensors").exists()


@pytest.mark.parametrize(
    "settings",
    [(), ("data.loading=shared",), ("data.loading=stream", "data.buffer_mb=0.3")],
    ids=["memory", "shared", "stream"],
)
def test_two_processes_train_as_one_does(
    arguments, config_file, whole, dataset, tmp_path, settings
):
    if settings:
        whole = tmp_path / "whole"
        pretrain(dataset, load_training(config_file, list(settings)), whole)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    out, log = tmp_path / "out", tmp_path / "x.log"
    # After the dashes nothing is torchrun's, which takes `--log` for one of its own.
    command = [*launcher, "--nproc-per-node", "2", "-m", "--", "rs3l_train", *arguments, str(out)]
    command += ["--log", str(log), *(word for each in settings for word in ("--set", each))]
    done = subprocess.run(command, check=True, timeout=600, capture_output=True, text=True)
    assert done.stdout.count("metrics.json") == 1
    assert log.read_text(encoding="utf-8").count(" took ") == 1
    found, expected = records(out), records(whole)
    assert len(found) == len(expected)
    # Gradients added in another order differ in the last digit, which training amplifies.
    assert found[1]["training_loss"] == pytest.approx(expected[1]["training_loss"], rel=1e-4)
    assert found[-1]["validation_loss"] == pytest.approx(expected[-1]["validation_loss"], rel=0.02)


def test_the_best_weights_are_those_of_the_best_validation(whole):
    validations = records(whole)
    best = min(range(len(validations)), key=lambda i: validations[i]["validation_loss"])
    weights, kept = (load_file(whole / f"{name}.safetensors") for name in ("weights", "best"))
    same = all(torch.equal(weights[k], kept[k]) for k in weights)
    assert same == (best == len(validations) - 1)


def test_tensorboard_holds_the_records(dataset, config_file, tmp_path):
    config = load_training(config_file, ["loop.tensorboard=true", "pretrain.views_seen=500"])
    pretrain(dataset, config, tmp_path)
    log = EventAccumulator(str(tmp_path / "tensorboard"))
    log.Reload()
    events = [(event.step, event.value) for event in log.Scalars("validation_loss")]
    expected = [(r["views"], pytest.approx(r["validation_loss"])) for r in records(tmp_path)]
    assert events == expected


def test_a_lack_of_memory_names_the_keys_to_change(dataset, config_file, tmp_path, monkeypatch):
    monkeypatch.setattr("rs3l_train.objectives.ntxent.NTXent.outputs", too_large)
    with pytest.raises(TrainingError, match=r"(?s)allocate 2.00 GiB.*loop.parts.*probe_jets"):
        pretrain(dataset, load_training(config_file), tmp_path)
