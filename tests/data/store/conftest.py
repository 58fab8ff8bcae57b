import shutil

import pytest

import rs3l_data
from tests.synthetic import make_dataset


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A dataset of 3 shards, 60 events, 90 rows."""
    return make_dataset(tmp_path_factory.mktemp("store") / "ds", n_events=30, n_shards=3)


@pytest.fixture
def dataset(folder):
    return rs3l_data.open(folder)


@pytest.fixture
def shard(folder, tmp_path):
    """A copy of its second shard, to be damaged."""
    return shutil.copy(folder / "shard-0001.h5", tmp_path / "shard.h5")
