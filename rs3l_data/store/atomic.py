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
from secrets import token_hex

from rs3l_data.errors import ConfigError, StorageError, TakenError
from rs3l_data.store.faults import why_not_written

_NO_FLUSHING = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)
_ABANDONED = 3600.0
"""Age of what is hidden that nobody writes to any more [s]"""


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
    TakenError
        If ``path`` is a folder or a device.
    StorageError
        If the disk or the quota is full, writing is not permitted, or the file system fails.
    """
    temporary = hidden_beside(path)
    with explained(path):
        try:
            _require_file(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_left_over(path)
            yield temporary
            settle(temporary, path)
        except BaseException:
            # A folder that cannot be cleaned must not hide why the writing failed.
            with suppress(OSError):
                temporary.unlink()
            raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file that appears when it is there as a whole; text in UTF-8.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def require_writable(path: Path) -> None:
    """Check that a file can be written, before the work for it; its folder is made if need be.

    Raises
    ------
    StorageError
        If writing there is not permitted, or the disk is full.
    """
    with explained(path):
        _require_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        trial = hidden_beside(path)
        trial.touch(exist_ok=False)
        trial.unlink()


def require_named(path: Path, kind: str, *endings: str) -> None:
    """Check that a text to be written takes the place of none but its own kind, by its name.

    Parameters
    ----------
    kind
        What a file with one of the ``endings`` is.

    Raises
    ------
    ConfigError
        If there is another file at ``path``, which would be lost.
    """
    if path.is_file() and path.stat().st_size and not path.name.lower().endswith(endings):
        raise ConfigError(
            f"{path}: is there and no {kind} by its name; choose one like x{endings[0]}"
        )


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
    except (OSError, RuntimeError) as error:
        reason = why_not_written(path, error)
        raise (StorageError(reason) if reason else error) from None


def settle(temporary: Path, path: Path) -> None:
    """Give a finished file its name, once the disk has all of it."""
    _flush(temporary)
    temporary.replace(path)
    # The file is whole; that its name outlives a power loss, too, not every file system can say
    # (CIFS, some in user space), nor a folder that may be written to but not read.
    try:
        _flush(path.parent)
    except OSError as error:
        if error.errno not in _NO_FLUSHING:
            raise


def hidden_beside(path: Path) -> Path:
    """Give the name under which a file or a folder is written: no other process has it."""
    # Processes on two nodes, or in two containers, may have the same number.
    path = path.absolute()  # "." has no name.
    return path.with_name(f".{path.name}.{os.getpid()}-{token_hex(4)}.part")


def remove_left_over(path: Path) -> None:
    """Remove what killed processes have left: a living one writes more often than that."""
    for left_over in path.parent.glob(f".{escape(path.name)}.*.part"):
        with suppress(OSError):
            written = max(one.stat().st_mtime for one in (left_over, *left_over.rglob("*")))
            if time.time() - written <= _ABANDONED:
                continue
            if left_over.is_dir():
                shutil.rmtree(left_over, ignore_errors=True)
            else:
                left_over.unlink()


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise TakenError(f"{path}: a folder, expected the name of a file to write")
    if path.exists() and not path.is_file():
        raise TakenError(f"{path}: a device or a pipe, expected the name of a file to write")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
