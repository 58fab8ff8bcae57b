"""HDF5 files that grow block by block, so that memory holds one block, and appear whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from rs3l_data.store.atomic import atomic_write
from rs3l_data.store.disk import Disk
from rs3l_data.store.hdf5 import require_replaceable
from rs3l_data.store.tables import Array

_CHUNK_BYTES = 1 << 20
_USUAL_ROWS = 1000


class GrowingFile:
    """An open HDF5 file whose datasets are appended to along their first axis."""

    def __init__(self, file: h5py.File, disk: Disk):
        self.file, self._disk = file, disk

    def append(self, name: str, rows: Array) -> None:
        """Append rows, (n, ...), to a dataset, which the first call makes.

        Raises
        ------
        OSError
            If something could not be written.
        """
        if name in self.file:
            dataset = self.file[name]
            dataset.resize(len(dataset) + len(rows), axis=0)
            if len(rows):
                dataset[-len(rows) :] = rows
        else:
            row_bytes = max(1, rows.dtype.itemsize * math.prod(rows.shape[1:]))
            # The first rows may be none, and say nothing of how many follow.
            n_rows = max(1, min(len(rows) or _USUAL_ROWS, _CHUNK_BYTES // row_bytes))
            self.file.create_dataset(
                name,
                data=rows,
                maxshape=(None, *rows.shape[1:]),
                chunks=(n_rows, *rows.shape[1:]),
                # Every HDF5 has gzip; Blosc2 needs a plugin that others' programs do not load.
                compression="gzip",
                shuffle=True,
            )
        self._disk.check()


@contextmanager
def growing(path: Path) -> Iterator[GrowingFile]:
    """Create a file that appears at ``path`` when the block ends well.

    Raises
    ------
    ConfigError
        If it would take the place of a file that is no HDF5, or of ours.
    StorageError
        If the file cannot be written.
    """
    require_replaceable(path, None)
    with atomic_write(path) as temporary, temporary.open("w+b") as raw:
        disk = Disk(raw)
        try:
            with h5py.File(disk, "w") as file:
                yield GrowingFile(file, disk)
        finally:
            disk.check()
