"""How fast a dataset is written, read and streamed, on jets of the dataset itself.

Machines are noisy, so each step is timed several times and the best time counts; the ratios are of
figures of one run.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rs3l_data.describe.schema import JETS, empty
from rs3l_data.errors import InputFileError
from rs3l_data.store.arrays import pad
from rs3l_data.store.hdf5 import datasets_in
from rs3l_data.store.lookup import Lookup
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.reader import Dataset
from rs3l_data.store.shard import write_shard
from rs3l_data.store.stream import Stream
from rs3l_data.store.tables import Initiators, View, cut, take

_CONSTITUENTS = 64
"""Of a padded jet"""
_EVENTS = 1000
_PADDED_JETS = 20_000
_ROWS = 200


def measure_store(dataset: Dataset, view: str, jets: int, rounds: int) -> dict[str, Any]:
    """Measure the store on ``jets`` jets of one view, drawn again and again from those there are.

    Returns
    -------
    dict
        Rates [jets/s] and sizes [bytes a jet].

    Raises
    ------
    InputFileError
        If no jet of the view is present.
    """
    initiators, drawn, attributes = drawn_jets(dataset, view, jets)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "shard.h5"

        def write() -> None:
            write_shard(path, initiators, {view: drawn}, attributes)

        rates = {"write": jets / _best(rounds, write)}
        whole = open_dataset(path)
        _ = whole.initiators
        rates |= _reading(whole, view, rounds)
        n = min(jets, _PADDED_JETS)
        few = cut(drawn, 0, n)
        padded = _padded(few, Path(temporary), rounds)
        small = Path(temporary) / "small.h5"
        write_shard(small, cut(initiators, 0, n), {view: few}, attributes)
        own_bytes = _view_bytes(small, view) / n
    return {
        "jets": jets,
        "view": view,
        "constituents_a_jet": len(drawn.constituents["pt"]) / jets,
        "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}",
        "jets_per_second": {**rates, **padded["rates"]},
        "bytes_a_jet": {"ours": own_bytes, "padded gzip-4": padded["bytes"]},
        "ratios": {
            "size to padded gzip-4": own_bytes / padded["bytes"],
            "read padded to padded gzip-4": rates["read padded"] / padded["rates"]["gzip-4 slices"],
            "read padded to one row at a time": rates["read padded"]
            / padded["rates"]["gzip-4 one row at a time"],
        },
    }


def drawn_jets(dataset: Dataset, view: str, jets: int) -> tuple[Initiators, View, dict[str, Any]]:
    """Draw jets that are present, again and again until there are enough.

    Returns
    -------
    initiators, view
        Of ``jets`` rows, each an event of its own.
    attributes
        Of a shard that holds them.

    Raises
    ------
    InputFileError
        If no jet of the view is present.
    """
    there = np.flatnonzero(dataset.jets(view, ["present"])["present"])
    if not len(there):
        raise InputFileError(f"{dataset.source}: no jet is present in the view '{view}'")
    chosen = dataset.take(there)
    random = np.random.default_rng(0)
    rows = [random.permutation(len(there)) for _ in range(-(-jets // len(there)))]
    index = np.concatenate(rows)[:jets]
    initiators = take(chosen.read_initiators(), index)
    # Each row is an event of its own, so that events can be looked up.
    initiators.columns["event"][:] = np.arange(jets)
    initiators.columns["initiator"][:] = 0
    read = chosen.read_view(view)
    # Files of an older format version have fewer columns.
    jets_of = {**empty(JETS, len(read)), **read.jets}
    # A shard names the processes up to its own; the dataset names them all.
    attributes = {
        **dataset.shards[0].attributes,
        "process_names": list(dataset.processes),
        "label_names": list(dataset.labels),
    }
    return initiators, take(View(jets_of, read.constituents, read.offsets), index), attributes


def _read_flat(dataset: Dataset, view: str) -> None:
    for block in dataset.blocks():
        block.constituents(view)
        block.jets(view)


def _rate_of_processes(dataset: Dataset, view: str, rounds: int, processes: int) -> float:
    """Read the whole dataset in each of several processes at once: their rates together."""
    tasks = [dataset] * processes, [view] * processes
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:

        def all_of_them() -> None:
            list(pool.map(_read_flat, *tasks))

        all_of_them()
        return processes * len(dataset) / _best(rounds, all_of_them)


def _reading(dataset: Dataset, view: str, rounds: int) -> dict[str, float]:
    n = len(dataset)
    random = np.random.default_rng(1)
    processes = os.cpu_count() or 1

    def constituents() -> None:
        for block in dataset.blocks():
            block.constituents(view)

    def padded() -> None:
        for block in dataset.blocks():
            block.to_numpy(view, _CONSTITUENTS)

    def events() -> None:
        rows = np.sort(random.choice(n, min(n, _EVENTS), replace=False))
        for _ in dataset.take(rows).events():
            pass

    def single_events(found: Lookup) -> None:
        rows = random.integers(n, size=_EVENTS)
        processes = dataset.initiators["process"][rows]
        numbers = dataset.initiators["event"][rows]
        for process, number in zip(processes.tolist(), numbers.tolist(), strict=True):
            _ = found[dataset.processes[process], number]

    def fresh() -> None:
        single_events(Lookup(dataset))

    def stream() -> None:
        for _ in Stream(dataset, 1024, min(n, 100_000))():
            pass

    kept = Lookup(dataset)
    return {
        "read flat": n / _best(rounds, lambda: _read_flat(dataset, view)),
        f"read flat, in {processes} processes": _rate_of_processes(
            dataset, view, rounds, processes
        ),
        "read constituents flat": n / _best(rounds, constituents),
        "read padded": n / _best(rounds, padded),
        f"random events, {_EVENTS} at once": min(n, _EVENTS) / _best(rounds, events),
        f"random events, one at a time, the first {_EVENTS}": _EVENTS / _best(rounds, fresh),
        "random events, one at a time, later": _EVENTS
        / _best(rounds + 1, lambda: single_events(kept)),
        "stream, shuffled": n / _best(rounds, stream),
    }


def _padded(view: View, folder: Path, rounds: int) -> dict[str, Any]:
    """Measure the layout of other datasets: padded, gzip-4, in chunks of a thousand jets."""
    n = len(view)
    width = int(np.diff(view.offsets).max(initial=1))
    features, _ = pad(view.offsets, list(view.constituents.values()), width)
    path = folder / "padded.h5"
    with h5py.File(path, "w") as file:
        chunks = (min(n, 1000), *features.shape[1:])
        options = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
        file.create_dataset("constituents", data=features, chunks=chunks, **options)
        for column, values in view.jets.items():
            file.create_dataset(column, data=values, chunks=(min(n, 1000),), **options)
    with h5py.File(path) as file:
        data = file["constituents"]

        def slices() -> None:
            for start in range(0, n, 1000):
                _ = data[start : start + 1000]

        rows = np.random.default_rng(2).integers(n, size=min(n, _ROWS)).tolist()

        def one_row_at_a_time() -> None:
            for row in rows:
                _ = data[row]

        rates = {
            "gzip-4 slices": n / _best(rounds, slices),
            "gzip-4 one row at a time": len(rows) / _best(1, one_row_at_a_time),
        }
        stored = sum(one.id.get_storage_size() for one in datasets_in(file))
    return {"rates": rates, "bytes": stored / n}


def _view_bytes(path: Path, view: str) -> int:
    with h5py.File(path) as file:
        return sum(one.id.get_storage_size() for one in datasets_in(file[f"views/{view}"]))


def _best(rounds: int, step: Callable[[], None]) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return min(times)
