"""A disk that is soon full."""

import errno

from rs3l_data.store.disk import Disk


class SmallFile:
    """A file of which only the first bytes find room."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        if self._file.tell() + len(data) > self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


def fill_disk(monkeypatch, room):
    """Let each of our HDF5 files find room for so many bytes."""
    monkeypatch.setattr("rs3l_data.store.hdf5.Disk", lambda file: Disk(SmallFile(file, room)))
