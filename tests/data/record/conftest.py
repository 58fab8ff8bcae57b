from __future__ import annotations

import pytest

from rs3l_data.describe.publication import Publication
from rs3l_data.record.address import Address
from rs3l_data.record.client import Client
from rs3l_data.record.download import download
from rs3l_data.record.selection import Selection
from tests.synthetic import make_dataset

ABOUT = Publication.model_validate({"title": "Jets", "creators": [{"name": "Curie, Marie"}]})


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
