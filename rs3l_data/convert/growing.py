"""HDF5 files that grow block by block, so that memory holds one block, and appear whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py

from rs3l_data.store.atomic import atomic_write
from rs3l_data.store.tables import Array

_CHUNK_BYTES = 1 << 20


class GrowingFile:
    """An open HDF5 file whose datasets are appended to along their first axis."""

    def __init__(self, file: h5py.File, disk: _Disk):
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
            row_bytes = max(1, rows[:1].nbytes)
            self.file.create_dataset(
                name,
                data=rows,
                maxshape=(None, *rows.shape[1:]),
                chunks=(max(1, min(len(rows), _CHUNK_BYTES // row_bytes)), *rows.shape[1:]),
                # Every HDF5 has gzip; Blosc2 needs a plugin that others' programs do not load.
                compression="gzip",
                shuffle=True,
            )
        self._disk.check()


class _Disk:
    """A file whose errors are kept, because HDF5 loses those of its last writes."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self._error = error
            return len(data)

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self._error = error

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def growing(path: Path) -> Iterator[GrowingFile]:
    """Create a file that appears at ``path`` when the block ends well.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    with atomic_write(path) as temporary, temporary.open("w+b") as raw:
        disk = _Disk(raw)
        with h5py.File(disk, "w") as file:
            yield GrowingFile(file, disk)
        disk.check()
