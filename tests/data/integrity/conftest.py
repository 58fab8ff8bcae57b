import json
import shutil

import h5py
import hdf5plugin  # noqa: F401
import pytest

from tests.synthetic import make_dataset


@pytest.fixture(scope="session")
def sound(tmp_path_factory):
    """A dataset of 2 shards, 30 rows."""
    config = {"processes": {name: {"events": 10, "label": name} for name in ("higgs", "qcd")}}
    folder = tmp_path_factory.mktemp("sound") / "ds"
    return make_dataset(folder, n_events=10, n_shards=2, config=config)


@pytest.fixture
def copy(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "ds")


@pytest.fixture
def shard(copy):
    return copy / "shard-0000.h5"


def change(path, name, function):
    """Change the values of one dataset of a file in place."""
    with h5py.File(path, "a") as file:
        values = file[name][:]
        function(values)
        file[name][...] = values


def recreate(path, name, function):
    """Put another dataset in the place of one, with its attributes."""
    with h5py.File(path, "a") as file:
        values, attributes = file[name][:], dict(file[name].attrs)
        del file[name]
        file[name] = function(values)
        file[name].attrs.update(attributes)


def change_config(path, **blocks):
    with h5py.File(path, "a") as file:
        config = json.loads(file.attrs["config"])
        file.attrs["config"] = json.dumps({**config, **blocks})
