from __future__ import annotations

import pytest
import torch
from torch import nn

from rs3l_train.benchmark.counting import cost_of
from rs3l_train.benchmark.machine import describe, gpu_seconds, measure_peaks, seconds_per_call

CPU = torch.device("cpu")


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
    from rs3l_train.benchmark import machine

    clock = [0.0]
    monkeypatch.setattr(machine.time, "perf_counter", lambda: clock[0])
    durations = iter([100.0, 100.0] + [0.25] * 100)

    def call():
        clock[0] += next(durations)

    assert seconds_per_call(call, CPU, 2.0) == pytest.approx(0.25)


def test_peaks_are_positive_and_the_hardware_has_a_name(monkeypatch):
    from rs3l_train.benchmark import machine

    monkeypatch.setattr(machine, "MATRIX", {"cpu": 32})
    monkeypatch.setattr(machine, "COPIED_BYTES", {"cpu": 1024})
    monkeypatch.setattr(machine, "PEAK_SECONDS", 0.0)
    peaks = measure_peaks(CPU, "bf16")
    assert peaks.flops_per_second > 0
    assert peaks.bytes_per_second > 0
    assert describe(CPU)["gpu"] is None
    assert describe(CPU)["threads"] >= 1
    assert gpu_seconds(lambda: None, CPU, 1) is None
