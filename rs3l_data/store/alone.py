"""One process at a time in a folder, on one machine or a file system that knows locks."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rs3l_data.store.atomic import explained


@contextmanager
def alone(folder: Path, taken: Exception | None = None) -> Iterator[None]:
    """Wait until no other process has this folder, which is made if need be.

    The folder itself is the lock, so that nothing is left in it; one that is empty in the end goes.

    Parameters
    ----------
    taken
        What to raise, instead of waiting, if another process has the folder.

    Raises
    ------
    StorageError
        If it cannot be made.
    """
    with explained(folder):
        lock = _locked(folder, taken)
    try:
        yield
    finally:
        with suppress(OSError):
            folder.rmdir()
        os.close(lock)


def _locked(folder: Path, taken: Exception | None) -> int:
    """Open and lock the folder that is there: who had it before may have removed the one opened."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            _make(folder)
            continue
        if taken is None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                raise taken from None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), folder.stat()):
                return lock
        os.close(lock)


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except FileExistsError:
        # Another process was faster, unless it is a link that leads nowhere.
        if folder.is_symlink():
            raise
