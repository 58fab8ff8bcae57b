"""How fast a training may go through streamed jets, if one, two or more processes share them.

    python -m benchmarks.stream_readers DATASET [--readers 1 2 4 8]

Times what the first of so many processes reads and pads of an epoch of pretraining, in turn, and
gives the jets of the whole batches that pass meanwhile, each in all its views. A training is no
faster than its slowest reader; on one machine the readers share disk and cores besides.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import pairwise
from pathlib import Path

import torch

import rs3l_data
from rs3l_data.store.reader import Dataset
from rs3l_train.views.batches import pretraining_batches
from rs3l_train.views.positives import Positives
from rs3l_train.views.stream import StreamedViews

CONSTITUENTS = 64
BUFFERS = 8


def main() -> None:
    """Print the rates of all rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--readers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--jets-per-batch", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    dataset = rs3l_data.open(given.dataset)
    rates: dict[int, list[int]] = {readers: [] for readers in given.readers}
    for _ in range(given.rounds):
        for readers, of_rounds in rates.items():
            of_rounds.append(round(_rate(dataset, readers, given.jets_per_batch)))
    print(json.dumps({"views": list(dataset.views), "jets_per_second": rates}, indent=2))


def _rate(dataset: Dataset, readers: int, jets_per_batch: int) -> float:
    """Tell how many rows of all processes' batches pass in a second."""
    views = tuple(dataset.views)
    buffer_rows = -(-len(dataset) // BUFFERS)
    cpu = torch.device("cpu")
    jets = StreamedViews(dataset, views, CONSTITUENTS, buffer_rows, cpu, 0, readers)
    every_view = Positives(torch.ones(len(views)), None, 1)
    rows = every_view.rows(jets.present, torch.arange(len(dataset)), pairs=False)
    began, passed = time.perf_counter(), 0
    for batch in pretraining_batches(
        jets, rows, jets_per_batch, every_view, torch.Generator().manual_seed(1)
    ):
        jets.begin(batch)
        low, high = next(pairwise(jets.edges(batch, readers)))
        jets.gather(batch[low:high])
        passed += jets_per_batch
    return passed / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
