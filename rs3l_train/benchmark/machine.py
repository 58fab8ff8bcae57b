"""The device at hand: what it is, and the highest rates that it reaches."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch._C._autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

MATRIX = {"cpu": 2048, "cuda": 8192}
COPIED_BYTES = {"cpu": 2**28, "cuda": 2**31}
PEAK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Peaks:
    """What the device reaches in one large operation, measured."""

    flops_per_second: float
    """Of a product of two large matrices in the precision of training"""
    bytes_per_second: float
    """Read and written together, of a copy of a large array"""


def describe(device: torch.device) -> dict[str, Any]:
    """Name the hardware and the software; neither host nor user."""
    cuda = device.type == "cuda"
    return {
        "device": device.type,
        "gpu": torch.cuda.get_device_name(device) if cuda else None,
        "cuda": torch.version.cuda if cuda else None,
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def measure_peaks(device: torch.device, precision: str) -> Peaks:
    """Time a matrix product and a copy."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    n = MATRIX[device.type]
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(a)
    product = seconds_per_call(lambda: torch.mm(a, b, out=out), device, PEAK_SECONDS)
    source = torch.ones(COPIED_BYTES[device.type], dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = seconds_per_call(lambda: target.copy_(source), device, PEAK_SECONDS)
    return Peaks(2 * n**3 / product, 2 * len(source) / copy)


def seconds_per_call(
    call: Callable[[], object], device: torch.device, seconds: float, warm_up: int = 2
) -> float:
    """Time calls [s], for at least ``seconds`` of them and two at least, without the first."""
    for _ in range(warm_up):
        call()
    wait(device)
    start, n = time.perf_counter(), 0
    while n < 2 or time.perf_counter() - start < seconds:
        call()
        n += 1
        # A GPU's queue must not run away from the clock.
        if n & (n - 1) == 0:
            wait(device)
    wait(device)
    return (time.perf_counter() - start) / n


def wait(device: torch.device) -> None:
    """Wait until a GPU has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def gpu_seconds(call: Callable[[], object], device: torch.device, calls: int) -> float | None:
    """Measure the time [s] of one call in which the GPU does something; None on a CPU."""
    if device.type != "cuda":
        return None
    wait(device)
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(calls):
            call()
        wait(device)
    return 1e-6 * covered(gpu_intervals(profiler.events() or ())) / calls


def gpu_intervals(events: Iterable[Any]) -> list[tuple[float, float]]:
    """Pick the times of kernels and copies out of a profiler's events.

    The host's calls tell the time of the kernels that they start as their own once more, and named
    regions last for as long as all that is in them.
    """
    return [
        (event.time_range.start, event.time_range.end)
        for event in events
        if event.device_type == DeviceType.CUDA and not event.is_user_annotation
    ]


def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """Measure the union of intervals: what runs at the same time counts once.

    >>> covered([(5, 6), (0, 2), (1, 3)])
    4.0
    """
    length, end = 0.0, -math.inf
    for start, stop in sorted(intervals):
        length += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return length
