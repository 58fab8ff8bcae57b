import h5py
import numpy as np
import pytest

from rs3l_data.errors import InputFileError
from rs3l_data.store.filters import write_dataset
from rs3l_data.store.hdf5 import create
from rs3l_data.store.seal import SIZE, check_seal


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "shard.h5"
    with create(path, "shard", {"config": {}}) as file:
        write_dataset(file, "numbers", np.arange(1000), "blosc2")
    return path


def test_any_changed_byte_of_a_shard_is_noticed_and_it_is_named(shard):
    check_seal(shard)
    content = shard.read_bytes()
    for place in [*range(SIZE, len(content), 97), len(content) - 1]:
        damaged = bytearray(content)
        damaged[place] ^= 1
        shard.write_bytes(damaged)
        with pytest.raises(InputFileError, match=r"shard\.h5: damaged: SHA-256"):
            check_seal(shard)
    shard.write_bytes(content[:-1])
    with pytest.raises(InputFileError, match=r"shard\.h5: damaged: SHA-256"):
        check_seal(shard)


def test_any_reader_of_hdf5_passes_over_the_seal(shard):
    assert h5py.is_hdf5(shard)
    with h5py.File(shard) as file:
        assert file["numbers"][:].tolist() == [*range(1000)]
    assert shard.read_bytes().startswith(b"rs3l shard: HDF5 from byte 512 on, SHA-256 of that ")


def test_a_shard_without_a_seal_passes_as_those_of_older_versions_do(tmp_path):
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = np.arange(1000)
    check_seal(path)
    with pytest.raises(InputFileError, match="no such file"):
        check_seal(tmp_path / "none.h5")
