"""What the one job at the end of a run costs: it is the only one that sees all of the dataset."""

import tracemalloc
from pathlib import Path

import numpy as np

import rs3l_data
from rs3l_data.chain import hard_chunk, initiator_table
from rs3l_data.describe.names import names_of
from rs3l_data.jobs.provenance import attributes
from rs3l_data.store.digest import digest
from rs3l_data.store.hard import write_hard_events
from rs3l_data.store.shard import write_shard
from rs3l_data.store.summary import contents
from tests.data.store.random_tables import random_view
from tests.data.test_grown import config_with, write_manifest
from tests.synthetic import make_dataset


def bytes_read():
    """By this process, from files of any kind."""
    said = Path("/proc/self/io").read_text().split()
    return int(said[said.index("rchar:") + 1])


def test_each_shard_is_read_once(tmp_path):
    config = config_with()
    rng = np.random.default_rng(1)
    for process in config.processes:
        hard, run = hard_chunk(config, process, 0, lambda _: None)
        write_hard_events(tmp_path / f"hard/{process}/0000.h5", hard, run, attributes(config))
        initiators = initiator_table(config, process, hard)
        views = {view: random_view(rng, [100_000] * len(initiators)) for view in config.views}
        own = {**attributes(config), **names_of(config, process)}
        write_shard(tmp_path / f"dataset/{process}-0000.h5", initiators, views, own)
    size = sum(path.stat().st_size for path in (tmp_path / "dataset").glob("*.h5"))
    assert size > 20e6
    before = bytes_read()
    dataset = write_manifest(tmp_path, config)
    assert size < bytes_read() - before < 1.3 * size
    assert dataset.manifest["digest"] == digest(dataset)


def test_memory_does_not_grow_with_the_shards(tmp_path):
    folder = make_dataset(tmp_path / "ds", n_events=2_000, n_shards=1)
    path = folder / "shard-0000.h5"

    def peak(n_shards):
        names = [path.with_name(f"{i}.h5") for i in range(n_shards)]
        for name in names:
            if not name.exists():
                name.hardlink_to(path)
        tracemalloc.start()
        dataset = rs3l_data.open(names)
        assert contents(dataset, folder)["n_rows"] == 6_000 * n_shards
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    one, many = peak(1), peak(20)
    # A manifest's entry of a file is some kilobytes; the columns of a shard are some hundred.
    assert many < 1.5 * one
