"""All that has to be asked of a GPU, in one go of a few minutes.

`python -m benchmarks.gpu --out FOLDER` makes a dataset of random jets with 64 constituents and
more, runs the tests that need a GPU, and times pretraining with both networks. Each case is a
process of its own with a time limit: what fails or hangs costs itself alone. FOLDER gets
`report.json`, written anew after each case, `tests.txt`, and for each case `<case>.txt`, the
kernels that took longest, and `<case>.said.txt`, what it printed. Cases that would begin after
`--minutes` are left out.

`--device cpu --jets 16 --seconds 0 --only edgeconv` tries the script itself where there is no GPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

import rs3l_data
from rs3l_data.store.reader import Dataset
from rs3l_train.backbones.compiled import compile_backbones
from rs3l_train.benchmark.machine import describe, measure_peaks, wait
from rs3l_train.benchmark.rates import BATCHES, Step, step_rate, with_network
from rs3l_train.config import TrainingConfig, validate_training
from rs3l_train.loop.device import prepare
from rs3l_train.tasks.pretraining import set_up
from tests.synthetic import make_dataset

VIEWS = ("nominal", "seed", "fsr_up", "fsr_down", "resmeared")
CASES: dict[str, dict[str, Any]] = {
    "edgeconv": {"network": "edgeconv", "precision": "bf16", "compile": False},
    "edgeconv-compiled": {"network": "edgeconv", "precision": "bf16", "compile": True},
    "transformer-compiled": {"network": "transformer-1M", "precision": "bf16", "compile": True},
    "transformer": {"network": "transformer-1M", "precision": "bf16", "compile": False},
    "edgeconv-float32": {"network": "edgeconv", "precision": "float32", "compile": False},
}
"""The most important first"""
TARGETS = {"edgeconv": 200_000, "transformer-1M": 100_000}
"""Views per second on one GPU of the H200 class, busy for 90 % of the time"""
SECONDS_FOR_A_CASE = 150
SECONDS_FOR_THE_TESTS = 240


def main() -> None:
    """Run the tests and every case, each in a process of its own."""
    arguments = read_arguments()
    if arguments.case:
        time_case(arguments)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    report: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "cases": {}}
    if arguments.device == "cuda" and not arguments.only:
        report["tests"] = run_tests(arguments.out / "tests.txt")
    with tempfile.TemporaryDirectory() as temporary:
        arguments.data = make_dataset(
            Path(temporary), 5 * arguments.jets, VIEWS, mean_constituents=90, compression="none"
        )
        for case in arguments.only or CASES:
            in_time = time.monotonic() - start < 60 * arguments.minutes
            found = run_case(case, arguments) if in_time else "left out: no time"
            report["cases"][case] = found
            print(in_words(case, found), flush=True)
            (arguments.out / "report.json").write_text(json.dumps(report, indent=2))


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/gpu"))
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--jets", type=int, default=1024, help="of a batch, five views each")
    parser.add_argument("--seconds", type=float, default=5.0, help="to time each case for")
    parser.add_argument("--minutes", type=float, default=7.0, help="after which no case begins")
    parser.add_argument("--only", action="append", choices=CASES, help="may be repeated")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_tests(log: Path) -> str:
    """Run the tests that need a GPU; their last line."""
    call = [sys.executable, "-m", "pytest", "-q", "--durations=10", "tests/train/test_cuda.py"]
    text = output_of(call, log, SECONDS_FOR_THE_TESTS)
    last = text.strip().splitlines()[-1]
    print(f"tests: {last}", flush=True)
    return last


def run_case(case: str, arguments: argparse.Namespace) -> dict[str, Any] | str:
    """Run one case; its figures, or the last line of what went wrong."""
    call = [sys.executable, "-m", "benchmarks.gpu", "--case", case]
    for name in ("out", "device", "jets", "seconds", "data"):
        call += [f"--{name}", str(getattr(arguments, name))]
    said = output_of(call, arguments.out / f"{case}.said.txt", SECONDS_FOR_A_CASE)
    lines = said.strip().splitlines()
    figures = [line for line in lines if line.startswith("{")]
    if not figures:
        return lines[-1] if lines else "no output"
    found: dict[str, Any] = json.loads(figures[-1])
    return found


def output_of(call: list[str], log: Path, seconds: int) -> str:
    """Run a command, for a limited time; what it printed, which is kept in a file too."""
    with log.open("w") as file:
        try:
            subprocess.run(call, stdout=file, stderr=subprocess.STDOUT, timeout=seconds)
        except subprocess.TimeoutExpired:
            file.write(f"\nstopped after {seconds} s\n")
    return log.read_text()


def time_case(arguments: argparse.Namespace) -> None:
    """Time one case in this process, print its figures, and list its kernels."""
    start = time.monotonic()
    case = CASES[arguments.case]
    config = configured(case, arguments)
    device = prepare(config)
    dataset = rs3l_data.open(arguments.data)
    peaks = measure_peaks(device, config.loop.precision)
    rate = step_rate(dataset, config, case["network"], device, peaks, arguments.seconds)
    cuda = device.type == "cuda"
    found = {
        "hardware": describe(device),
        "settings": case | {"jets_per_batch": arguments.jets},
        "peaks": asdict(peaks),
        **asdict(rate),
        "largest_memory_bytes": torch.cuda.max_memory_allocated(device) if cuda else None,
        "seconds_until_timed": round(time.monotonic() - start, 1),
    }
    # Said now: to list the kernels is to compile once more, which may take too long.
    print(json.dumps(found), flush=True)
    torch.compiler.reset()
    (arguments.out / f"{arguments.case}.txt").write_text(kernels(dataset, config, device))


def configured(case: dict[str, Any], arguments: argparse.Namespace) -> TrainingConfig:
    """Make the settings of a case."""
    settings = {
        "device": arguments.device,
        "data": {"constituents": 64},
        "pretrain": {"jets_per_batch": arguments.jets},
        "loop": {key: case[key] for key in ("precision", "compile")},
    }
    return with_network(validate_training(settings, "benchmarks.gpu"), case["network"])


def kernels(dataset: Dataset, config: TrainingConfig, device: torch.device) -> str:
    """List what takes longest in a few steps."""
    pretraining = set_up(dataset, config, device)
    if config.loop.compile:
        compile_backbones(pretraining.objective)
    step = Step(pretraining)
    for _ in range(BATCHES):
        step()
    wait(device)
    activities = [ProfilerActivity.CPU]
    activities += [ProfilerActivity.CUDA] if device.type == "cuda" else []
    with profile(activities=activities) as profiler:
        for _ in range(BATCHES):
            step()
        wait(device)
    key = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    table: str = profiler.key_averages().table(sort_by=key, row_limit=40, max_name_column_width=90)
    return table


def in_words(case: str, found: dict[str, Any] | str) -> str:
    """Say in a line how a case went."""
    if isinstance(found, str):
        return f"{case}: {found}"
    target = TARGETS[found["network"]]
    busy = "" if found["gpu_busy"] is None else f", busy {found['gpu_busy']:.0%}"
    return (
        f"{case}: {found['views_per_second']:,.0f} views/s"
        f" ({found['views_per_second'] / target:.0%} of the target){busy},"
        f" {found['of_peak_flops']:.1%} of the product's rate,"
        f" {found['of_peak_bytes']:.0%} of the copy's if nothing were fused,"
        f" timed after {found['seconds_until_timed']} s"
    )


if __name__ == "__main__":
    main()
