from __future__ import annotations

import numpy as np
import pytest

import rs3l_data
from rs3l_data.describe.publication import Publication
from rs3l_data.record.address import Address
from rs3l_data.record.client import Client
from rs3l_data.record.download import download
from rs3l_data.record.layout import Layout
from rs3l_data.record.publish import publish
from rs3l_data.record.selection import Selection
from rs3l_data.store.digest import digest
from rs3l_data.store.manifest import damaged_files, read_manifest
from tests.synthetic import make_dataset

ABOUT = Publication.model_validate({"title": "Jets", "creators": [{"name": "Curie, Marie"}]})
SIZE = 3_000_000


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A dataset of 3 shards, 60 events, 90 rows, two views, two processes in each shard."""
    return make_dataset(tmp_path_factory.mktemp("record") / "ds", n_events=30, n_shards=3)


@pytest.fixture
def fetch(archive, tmp_path):
    """Download record 1 into `tmp_path/here`, with little patience."""

    def run(to=None, number="1", threads=4, client=None, **selection):
        client = client or Client(attempts=4, timeout=5, backoff=0.01)
        address = Address(archive.url, number)
        chosen = Selection.model_validate(selection)
        return download(address, to or tmp_path / "here", chosen, client, threads, "lines")

    return run


@pytest.fixture(scope="session")
def record(folder, tmp_path_factory):
    """A record with two shards of higgs and three of qcd."""
    made = tmp_path_factory.mktemp("published") / "record"
    publish(folder, made, ABOUT, Layout(shard_bytes=70_000))
    assert len(list(made.glob("*.h5"))) == 5
    return made


@pytest.fixture(scope="session")
def by_view(folder, tmp_path_factory):
    made = tmp_path_factory.mktemp("by_view") / "record"
    publish(folder, made, ABOUT, Layout(by_view=True))
    return made


def names(folder):
    return {path.name for path in folder.iterdir()}


def contents(archive):
    """Names of the files whose content was asked for."""
    return [path.rsplit("/", 1)[-1] for _, path, _ in archive.requests if "/blob/" in path]


def check(folder):
    """The folder is a dataset, and its manifest is true."""
    manifest = read_manifest(folder / "dataset.json")
    assert damaged_files(folder, manifest) == []
    ds = rs3l_data.open(folder)
    assert manifest["digest"] == digest(ds)
    assert manifest["n_rows"] == len(ds)
    assert manifest["views"] == list(ds.views)
    assert sum(made["n_events"] for made in manifest["processes"].values()) == ds.n_events
    assert manifest["splits"]["test"]["n_rows"] == len(ds.select(splits="test"))
    return ds, manifest


@pytest.fixture
def content(archive, tmp_path):
    """A record of one file of random bytes."""
    source = tmp_path / "source"
    source.mkdir()
    content = np.random.default_rng(1).bytes(SIZE)
    (source / "data.bin").write_bytes(content)
    archive.add("1", source)
    return content
