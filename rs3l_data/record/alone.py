"""One process at a time in a folder, on one machine or a file system that knows locks."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rs3l_data.store.atomic import explained


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process has this folder, which is made if need be.

    The folder itself is the lock, so that nothing is left in it; one that is empty in the end goes.

    Raises
    ------
    StorageError
        If it cannot be made.
    """
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        with suppress(OSError):
            folder.rmdir()
        os.close(lock)
