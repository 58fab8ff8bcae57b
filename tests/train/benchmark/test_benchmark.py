from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch._C._autograd import DeviceType
from torch.nn.utils import parameters_to_vector

from rs3l_data.errors import ConfigError
from rs3l_train.benchmark import machine
from rs3l_train.benchmark.counting import cost_of
from rs3l_train.benchmark.machine import (
    covered,
    describe,
    gpu_intervals,
    gpu_seconds,
    measure_peaks,
    seconds_per_call,
)
from rs3l_train.benchmark.rates import Step, benchmark
from rs3l_train.benchmark.table import as_markdown
from rs3l_train.config import validate_training
from rs3l_train.loop.updates import Updates
from rs3l_train.tasks.pretraining import set_up

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _small_peaks(monkeypatch):
    monkeypatch.setattr(machine, "MATRIX", {"cpu": 64})
    monkeypatch.setattr(machine, "COPIED_BYTES", {"cpu": 4096})
    monkeypatch.setattr(machine, "PEAK_SECONDS", 0.0)


def test_products_are_counted_forward_and_backward():
    n, before, after = 7, 5, 3
    layer = nn.Linear(before, after, bias=False)
    x = torch.randn(n, before, requires_grad=True)
    forward = 2 * n * before * after
    assert cost_of(lambda: layer(x)).flops == forward
    # Backwards: a product for the gradient of the weights and one for that of the inputs.
    assert cost_of(lambda: layer(x).sum().backward()).flops == 3 * forward


def test_traffic_is_what_operations_read_and_write():
    a, b = torch.ones(100), torch.ones(100)
    assert cost_of(lambda: a + b).bytes == 3 * 400
    assert cost_of(lambda: a.view(10, 10).T).bytes == 0
    assert cost_of(lambda: (a + b) * b).bytes == 6 * 400
    x, y = torch.ones(20, 30), torch.ones(30, 10)
    assert cost_of(lambda: x @ y).bytes == 4 * (20 * 30 + 30 * 10 + 20 * 10)


def test_calls_are_timed_without_the_warm_up(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(machine.time, "perf_counter", lambda: clock[0])
    durations = iter([100.0, 100.0] + [0.25] * 100)

    def call():
        clock[0] += next(durations)

    assert seconds_per_call(call, CPU, 2.0) == pytest.approx(0.25)


def test_a_gpu_is_busy_while_one_kernel_at_least_runs():
    def event(start, end, device=DeviceType.CUDA, named=False):
        times = SimpleNamespace(start=start, end=end)
        return SimpleNamespace(time_range=times, device_type=device, is_user_annotation=named)

    kernels = [event(10, 20), event(40, 60), event(15, 25), event(41, 42)]
    others = [event(0, 100, DeviceType.CPU), event(5, 95, named=True)]
    assert covered(gpu_intervals(kernels + others)) == 15 + 20
    assert covered([]) == 0


def test_peaks_are_positive_and_the_hardware_has_a_name():
    peaks = measure_peaks(CPU, "bf16")
    assert peaks.flops_per_second > 0
    assert peaks.bytes_per_second > 0
    assert describe(CPU)["gpu"] is None
    assert describe(CPU)["threads"] >= 1
    assert gpu_seconds(lambda: None, CPU, 1) is None


def test_the_command_reports_every_network(dataset, config):
    report = benchmark(dataset, config, ["config", "edgeconv"], 0.0)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert all(rate > 0 for rate in report["loader"].values())
    small, paper = report["steps"]
    assert (small["network"], paper["network"]) == ("config", "edgeconv")
    assert paper["parameters"] > small["parameters"]
    assert paper["flops_per_view"] > small["flops_per_view"] > 0
    assert paper["views_per_second"] * paper["seconds_per_step"] == pytest.approx(
        paper["views_per_step"]
    )
    assert paper["pretraining_seconds"] == pytest.approx(
        config.pretrain.views_seen / paper["views_per_second"]
    )
    table = as_markdown(report).splitlines()
    assert table[-2].startswith("| config |")
    assert len({line.count("|") for line in table[-4:]}) == 1


def test_no_step_that_is_timed_has_the_batch_of_another(dataset, config, monkeypatch):
    seen = []
    update = Updates.step

    def noted(self, batch, history):
        seen.append((batch.rows.tolist(), batch.views.tolist()))
        return update(self, batch, history)

    monkeypatch.setattr(Updates, "step", noted)
    step = Step(set_up(dataset, config, CPU))
    in_an_epoch = set_up(dataset, config, CPU).training.steps
    n = 2 * in_an_epoch + 1
    for _ in range(n):
        step()
    assert all(seen[i] != seen[j] for i in range(n) for j in range(i))
    assert len({len(rows) for rows, _ in seen}) > 1
    assert step.views_per_step == sum(len(rows) for rows, _ in seen) / n


def test_a_step_moves_what_follows_the_weights(dataset, config):
    """Which takes its time, too."""
    byol = {"name": "byol", "projection": [12, 6], "predictor": 4, "momentum": 0}
    block = validate_training(config.model_dump() | {"objective": byol}, "test")
    pretraining = set_up(dataset, block, CPU)
    network, target = pretraining.objective.backbone, pretraining.objective.target[0]
    before = parameters_to_vector(network.parameters()).clone()
    Step(pretraining)()
    now, moved = (parameters_to_vector(one.parameters()) for one in (network, target))
    assert torch.equal(moved, now)
    assert not torch.equal(moved, before)


def test_the_flops_of_the_network_are_those_of_its_layers(dataset, config):
    """Dense layers on P constituents and three passes: what the counting must come to."""
    settings = config.model_dump()
    settings["backbone"] |= {"layers": 1, "width": 16, "output": (8,)}
    one = benchmark(dataset, validate_training(settings, "test"), ["config"], 0.0)["steps"][0]
    settings["backbone"]["layers"] = 2
    two = benchmark(dataset, validate_training(settings, "test"), ["config"], 0.0)["steps"][0]
    p, c = config.data.constituents, 16
    # Two products (own, others), forward and twice backward; the distances forward alone.
    layer = 3 * 2 * (2 * p * c * c) + 2 * p * p * c
    assert two["flops_per_view"] - one["flops_per_view"] == pytest.approx(layer, rel=0.01)


def test_an_unknown_network_names_the_nearest(dataset, config):
    with pytest.raises(ConfigError, match="--network edgecov: did you mean 'edgeconv'"):
        benchmark(dataset, config, ["edgecov"], 0.0)
