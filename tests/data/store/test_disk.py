"""HDF5 on a disk that is full: it loses chunks, or crashes, if it hears of it."""

import errno
import io

import h5py
import numpy as np
import pytest

from rs3l_data.store.disk import Disk


class Full(io.FileIO):
    """A file without room."""

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("buffered", [False, True])
def test_a_full_disk_is_not_lost_in_hdf5_and_hdf5_does_not_hear_of_it(tmp_path, buffered):
    """A buffered file fails where it is full, or where HDF5 goes to another position."""
    file = Full(tmp_path / "a.h5", "w+")
    disk = Disk(io.BufferedRandom(file) if buffered else file)
    with h5py.File(disk, "w") as written:
        for name in "abc":
            written[name] = np.zeros(3000)
            written.flush()
    with pytest.raises(OSError, match="No space left"):
        disk.check()
    file.close()
