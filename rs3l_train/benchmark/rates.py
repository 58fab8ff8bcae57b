"""How fast this machine reads a dataset and trains each network on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import Any

import torch

from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError
from rs3l_data.store.reader import Dataset
from rs3l_train.backbones.compiled import compile_backbones
from rs3l_train.benchmark.counting import cost_of
from rs3l_train.benchmark.machine import (
    Peaks,
    describe,
    gpu_seconds,
    measure_peaks,
    seconds_per_call,
)
from rs3l_train.config import TrainingConfig, validate_training
from rs3l_train.config.names import chosen_views
from rs3l_train.loop.device import adam, prepare
from rs3l_train.loop.fit import endless_batches
from rs3l_train.loop.history import History
from rs3l_train.loop.updates import Updates
from rs3l_train.tasks.pretraining import Pretraining, gradients_in_parts, set_up
from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.loading import bytes_needed, streamed_rows
from rs3l_train.views.memory import Selection, load
from rs3l_train.views.stream import StreamedViews

NETWORKS: dict[str, dict[str, Any]] = {
    "edgeconv": {"name": "edgeconv"},
    "transformer-0.1M": {"name": "transformer", "size": "0.1M"},
    "transformer-1M": {"name": "transformer", "size": "1M"},
    "transformer-10M": {"name": "transformer", "size": "10M"},
}
BATCHES = 4
BUFFERS = 8
"""Of a streamed epoch, at least"""
STREAM_BATCH = 1024


@dataclass(frozen=True, slots=True)
class LoaderRate:
    """How fast jets come from the files and into batches."""

    read_jets_per_second: float
    """Of one view, from the shards to arrays on the device"""
    gather_views_per_second: float
    """From there to padded batches of network inputs"""
    stream_jets_per_second: float
    """Of one view, from the shards, buffer by buffer, to shuffled and padded batches"""


@dataclass(frozen=True, slots=True)
class StepRate:
    """How fast one network is pretrained: inputs, forward, loss, backward, optimiser."""

    network: str
    parameters: int
    views_per_step: float
    seconds_per_step: float
    views_per_second: float
    flops_per_view: float
    """Of the network's products, forward and backward"""
    bytes_per_view: float
    """Read and written if no operation is fused with the next"""
    of_peak_flops: float
    """Part of the rate that the device's own matrix product reaches"""
    of_peak_bytes: float
    """Part of the rate that the device's own copy reaches; above 1 where caches or fusing help"""
    gpu_busy: float | None
    """Part of the time in which a kernel or a copy runs on the GPU; None on a CPU"""
    pretraining_seconds: float
    """The steps of the config's whole pretraining, without its validations"""


def benchmark(
    dataset: Dataset, config: TrainingConfig, networks: Sequence[str], seconds: float
) -> dict[str, Any]:
    """Measure loader, peaks and the step of each network.

    Parameters
    ----------
    networks
        Names of `NETWORKS`, or ``config`` for the config's own.
    seconds
        To time each for [s].

    Raises
    ------
    ConfigError
        If there is no network of that name.
    """
    configs = {name: with_network(config, name) for name in networks}
    device = prepare(config)
    peaks = measure_peaks(device, config.loop.precision)
    return {
        "stage": "benchmark",
        "date": time.strftime("%Y-%m-%d"),
        "hardware": describe(device),
        "settings": {
            "precision": config.loop.precision,
            "compile": config.loop.compile,
            "parts": config.loop.parts,
            "jets_per_batch": config.pretrain.jets_per_batch,
            "constituents": config.data.constituents,
            "views_seen": config.pretrain.views_seen,
        },
        "peaks": asdict(peaks),
        "loader": asdict(_loader_rate(dataset, config, device, seconds)),
        "steps": [
            asdict(step_rate(dataset, own, name, device, peaks, seconds))
            for name, own in configs.items()
        ],
    }


def with_network(config: TrainingConfig, name: str) -> TrainingConfig:
    """Put a network of `NETWORKS` into a config; ``config`` leaves the config's own."""
    if name == "config":
        return config
    if name not in NETWORKS:
        raise ConfigError(f"--network {name}: {nearest(name, ['config', *NETWORKS])}")
    settings = config.model_dump(mode="json") | {"backbone": NETWORKS[name]}
    return validate_training(settings, f"--network {name}")


def _loader_rate(
    dataset: Dataset, config: TrainingConfig, device: torch.device, seconds: float
) -> LoaderRate:
    view, width = chosen_views(dataset.views, config.data)[0], config.data.constituents
    read = seconds_per_call(lambda: load(dataset, (view,), width, device), device, seconds, 1)
    pretraining = set_up(dataset, config, device)
    batches = list(islice(pretraining.training.epoch(0), BATCHES))
    endless = cycle(batches)

    def gather() -> None:
        batch = pretraining.jets.gather(next(endless))
        network_inputs(batch, config.data.inputs)

    views = sum(map(len, batches)) / len(batches)
    gathered = views / seconds_per_call(gather, device, seconds)
    row_bytes = bytes_needed(dataset, (view,), width) / len(dataset)
    # One buffer that held them all would be read in the first epoch alone.
    buffer_rows = min(streamed_rows(config.data, row_bytes), -(-len(dataset) // BUFFERS))
    stream = StreamedViews(dataset, (view,), width, buffer_rows, device)
    rows = stream.present[0].nonzero().flatten()

    def epoch() -> None:
        order = stream.shuffled(rows, torch.Generator().manual_seed(config.seed))
        for part in torch.split(order, STREAM_BATCH):
            stream.gather(Selection(torch.zeros_like(part), part))

    streamed = len(rows) / seconds_per_call(epoch, device, seconds, 1)
    return LoaderRate(len(dataset) / read, gathered, streamed)


def step_rate(
    dataset: Dataset,
    config: TrainingConfig,
    name: str,
    device: torch.device,
    peaks: Peaks,
    seconds: float,
) -> StepRate:
    """Time the step of a config's network for so many seconds; `benchmark` says more."""
    pretraining = set_up(dataset, config, device)
    step = Step(pretraining)
    # Counted before compiling: the work that the step asks for.
    cost = cost_of(step)
    n = step.views_per_step
    if config.loop.compile:
        compile_backbones(pretraining.objective)
    duration = seconds_per_call(step, device, seconds, BATCHES)
    views = step.views_per_step
    busy = gpu_seconds(step, device, calls=2 * BATCHES)
    return StepRate(
        network=name,
        parameters=sum(p.numel() for p in pretraining.objective.backbone.parameters()),
        views_per_step=views,
        seconds_per_step=duration,
        views_per_second=views / duration,
        flops_per_view=cost.flops / n,
        bytes_per_view=cost.bytes / n,
        of_peak_flops=cost.flops / n * views / duration / peaks.flops_per_second,
        of_peak_bytes=cost.bytes / n * views / duration / peaks.bytes_per_second,
        gpu_busy=None if busy is None else min(1.0, busy / duration),
        pretraining_seconds=config.pretrain.views_seen * duration / views,
    )


class Step:
    """Steps of pretraining as the loop does them, one batch after the other.

    No batch comes again: nearly each has another number of views, for which a library may have to
    prepare itself, as it has in a training.
    """

    def __init__(self, pretraining: Pretraining) -> None:
        config = pretraining.config
        objective, device = pretraining.objective, pretraining.jets.device
        self._updates = Updates(
            objective,
            adam(objective.parameters(), config.pretrain.learning_rate, device),
            gradients_in_parts(pretraining),
            gradient_clip=config.pretrain.gradient_clip,
            after_step=objective.after_step,
        )
        self._history = History()
        self._batches = endless_batches(pretraining.training.epoch, self._history)

    def __call__(self) -> None:
        """Take the next step."""
        batch = next(self._batches)
        self._updates.step(batch, self._history)
        self._history.steps += 1
        self._history.views += len(batch)

    @property
    def views_per_step(self) -> float:
        """Views of a step so far, on average."""
        return self._history.views / self._history.steps
