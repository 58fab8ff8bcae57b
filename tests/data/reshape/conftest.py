import json

import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from tests.synthetic import make_dataset


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A dataset of 2 shards, 40 events, 60 rows, two processes, two views."""
    return make_dataset(tmp_path_factory.mktemp("whole") / "ds", n_events=20, n_shards=2)


@pytest.fixture
def dataset(whole):
    return rs3l_data.open(whole)


def manifest_of(folder):
    return json.loads((folder / "dataset.json").read_text())


def refused(match, error=InputFileError):
    return pytest.raises(error, match=match)
