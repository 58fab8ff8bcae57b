"""weaver's part of loader_weaver.py, run by the Python of weaver's environment.

Its loader is built as weaver's own `train.py` builds it. Reads an order in JSON from standard
input, goes once through the files for the sum of each feature (and for what is compiled at first
use), once more for the time, and writes both in JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version

import numpy as np
import torch
from torch.utils.data import DataLoader
from weaver.utils.dataset import SimpleIterDataset


def main() -> None:
    """Measure as standard input says."""
    order = json.load(sys.stdin)
    torch.set_num_threads(1)
    counted, total = 0, 0.0
    for inputs, _, _ in loader(order, drop_last=False):
        counted += len(inputs["pf_features"])
        total = total + np.abs(inputs["pf_features"].numpy()).sum((0, 2), dtype=np.float64)
    began = time.perf_counter()
    n = sum(len(inputs["pf_features"]) for inputs, _, _ in loader(order, drop_last=True))
    seconds = time.perf_counter() - began
    report = {
        "jets": counted,
        "features": (total / counted).tolist(),
        "jets_per_second": n / seconds,
        "version": version("weaver-core"),
    }
    sys.stdout.write(json.dumps(report) + os.linesep)


def loader(order: dict, drop_last: bool) -> DataLoader:
    """Make the loader of one epoch."""
    workers = order["workers"]
    files = SimpleIterDataset(
        {"_": order["files"]},
        order["inputs"],
        batch_size=order["batch"],
        for_training=True,
        load_range_and_fraction=((0, 1), 1, 1),
        fetch_step=order["fetch_step"],
        name="train",
    )
    return DataLoader(
        files,
        batch_size=order["batch"],
        drop_last=drop_last,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


if __name__ == "__main__":
    main()
