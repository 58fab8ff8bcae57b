"""Our loader against weaver-core's on the same jets, in turn in one run.

    python -m benchmarks.loader_weaver DATASET --weaver PYTHON

PYTHON is that of an environment with weaver-core, whose requirements are not ours. Jets of the
dataset, drawn with repetitions, are written as a shard and converted to JetClass's ROOT files.
Both loaders give shuffled batches of the same network inputs of 64 constituents
(`weaver_inputs.yaml`), padded, on the CPU; that these are the same is checked. Ours reads in a
thread and computes the inputs in the main one; a training does the latter on its device, so the
rate without them is given too. weaver reads in a thread too; with a worker, all of
that happens in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

import rs3l_data
from rs3l_data.convert.jetclass_out import write_jetclass
from rs3l_data.store.benchmark import drawn_jets
from rs3l_data.store.reader import Dataset
from rs3l_data.store.shard import write_shard
from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.memory import Batch, Selection
from rs3l_train.views.stream import StreamedViews

INPUTS = Path(__file__).with_name("weaver_inputs.yaml")
SIDE = Path(__file__).with_name("weaver_side.py")
CONSTITUENTS = 64


def main() -> None:
    """Print the rates of every round, and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--weaver", type=Path, required=True, help="the Python that has it")
    parser.add_argument("--view", default="nominal")
    parser.add_argument("--jets", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--buffer", type=int, default=100_000, help="jets that are mixed at once")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        dataset, files = _written(given, Path(temporary))
        names = ("ours", "ours, before the inputs", "weaver", "weaver, one worker")
        rates: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(given.rounds):
            loaded, mine, features = _ours(dataset, given)
            rates["ours"].append(mine)
            rates["ours, before the inputs"].append(loaded)
            for name, workers in (("weaver", 0), ("weaver, one worker", 1)):
                theirs = _weavers(given, files, workers)
                _check_same(features, theirs)
                rates[name].append(theirs["jets_per_second"])
    medians = {name: statistics.median(each) for name, each in rates.items()}
    report = {
        "jets_per_second": {name: [round(rate) for rate in each] for name, each in rates.items()},
        "ratios to weaver": {name: round(medians[name] / medians["weaver"], 1) for name in names},
        "settings": {"jets": given.jets, "batch": given.batch, "buffer": given.buffer},
        "weaver": theirs["version"],
        "torch": torch.__version__,
    }
    print(json.dumps(report, indent=2))


def _written(given: argparse.Namespace, folder: Path) -> tuple[Dataset, list[str]]:
    """Write the jets in both formats."""
    source = rs3l_data.open(given.dataset)
    initiators, view, attributes = drawn_jets(source, given.view, given.jets)
    write_shard(folder / "shard.h5", initiators, {given.view: view}, attributes)
    dataset = rs3l_data.open(folder / "shard.h5")
    return dataset, [str(path) for path in write_jetclass(dataset, folder, given.view)]


def _ours(dataset: Dataset, given: argparse.Namespace) -> tuple[float, float, Any]:
    """Measure jets/s to padded columns and to inputs, and the mean size of each feature."""
    jets = StreamedViews(dataset, (given.view,), CONSTITUENTS, given.buffer, torch.device("cpu"))
    generator = torch.Generator().manual_seed(1)
    total: Any = 0.0
    for batch in _epoch(jets, given.batch, generator):
        total = total + _inputs(batch).abs().double().sum((0, 1)).numpy()
    rates = []
    for step in (lambda batch: batch.mask, _inputs):
        began = time.perf_counter()
        n = sum(len(step(batch)) for batch in _epoch(jets, given.batch, generator))
        rates.append(n / (time.perf_counter() - began))
    return rates[0], rates[1], total / n


def _epoch(jets: StreamedViews, batch: int, generator: torch.Generator) -> Iterator[Batch]:
    rows = jets.shuffled(torch.arange(len(jets.dataset)), generator)
    for part in torch.split(rows, batch):
        yield jets.gather(Selection(torch.zeros_like(part), part))


def _inputs(batch: Batch) -> torch.Tensor:
    return network_inputs(batch, "shortcut_free").features


def _weavers(given: argparse.Namespace, files: list[str], workers: int) -> Any:
    order = {
        "files": files,
        "inputs": str(INPUTS),
        "batch": given.batch,
        "fetch_step": given.buffer / given.jets,
        "workers": workers,
    }
    command = [str(given.weaver), str(SIDE)]
    done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{SIDE.name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _check_same(features: Any, theirs: Any) -> None:
    if not np.allclose(features, theirs["features"], rtol=1e-3):
        raise SystemExit(f"other features:\n{features.tolist()}\n{theirs['features']}")


if __name__ == "__main__":
    main()
