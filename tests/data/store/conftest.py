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
