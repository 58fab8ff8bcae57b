"""Files that appear whole or not at all: written beside their place, flushed, renamed."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from rs3l_data.errors import StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDER = (errno.ENOTDIR, errno.EEXIST)
_ABANDONED = 3600.0
"""Age of a temporary file that nobody writes to any more [s]"""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to, which becomes ``path`` when the block ends well.

    The temporary file lies hidden in the same folder (made if need be), because a rename is
    atomic only within one file system; its ending `.part` is none that a reader looks for. It is
    removed when the block raises anything, an interrupt from the keyboard included; a killed
    process leaves it behind, but never a file at ``path``, and whoever writes to ``path`` an hour
    later removes it.

    Yields
    ------
    Path
        Where to write; the block must have closed the file when it ends.

    Raises
    ------
    StorageError
        If the disk or the quota is full, or writing is not permitted.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(path)
        yield temporary
        settle(temporary, path)
    except BaseException as error:
        # A folder that cannot be cleaned must not hide why the writing failed.
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError | RuntimeError):
            raise _in_words(path, error) or error from None
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Tell in words why ``path`` cannot be written, where the disk or a permission is why.

    Raises
    ------
    StorageError
        If the disk or the quota is full, or writing is not permitted.
    """
    try:
        yield
    except OSError as error:
        raise _in_words(path, error) or error from None


def settle(temporary: Path, path: Path) -> None:
    """Give a finished file its name, once the disk has all of it."""
    _flush(temporary)
    temporary.replace(path)
    _flush(path.parent)


def _remove_left_over(path: Path) -> None:
    """Remove what killed processes have left: a living one writes more often than that."""
    for left_over in path.parent.glob(f".{escape(path.name)}.*.part"):
        with suppress(OSError):
            if time.time() - left_over.stat().st_mtime > _ABANDONED:
                left_over.unlink()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _in_words(path: Path, error: OSError | RuntimeError) -> StorageError | None:
    number = _error_number(error)
    if number in _FULL:
        free = shutil.disk_usage(path.parent).free / 1e6
        return StorageError(
            f"{path}: does not fit: the disk or your quota is full "
            f"({free:.1f} MB free on its file system after clearing up); "
            "make room, or choose another folder, and run the same command again"
        )
    if number in _FORBIDDEN:
        return StorageError(f"{path}: no permission to write here; choose another folder")
    if number in _NO_FOLDER:
        return StorageError(f"{path}: {path.parent} is not a folder; choose another")
    return None


def _error_number(error: OSError | RuntimeError) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    # HDF5 reports some failed writes, those while closing above all, only in its message.
    return next((n for n in _FULL + _FORBIDDEN if os.strerror(n) in str(error)), None)
