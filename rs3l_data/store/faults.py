"""What the operating system says went wrong, in words that tell what to do."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rs3l_data.errors import InputFileError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDER = (errno.ENOTDIR, errno.EEXIST)
_LOST = (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENODEV)


def why_not_written(path: Path, error: OSError | RuntimeError) -> str | None:
    """Tell why a file could not be written; None if its place is not the reason."""
    number = _number(error, (*_FULL, errno.EFBIG, *_FORBIDDEN, *_LOST))
    if number in _FULL:
        return (
            f"{path}: does not fit: the disk or your quota is full{_free(path.parent)}; "
            "make room, or choose another folder, and run the same command again"
        )
    if number == errno.EFBIG:
        return (
            f"{path}: larger than a file may be here; raise the limit (`ulimit -f`) or choose "
            "another file system, and run the same command again"
        )
    if not _concerns(error, path):
        return None
    if number in _FORBIDDEN:
        return f"{path}: no permission to write here; choose another folder"
    if number == errno.ENAMETOOLONG:
        return f"{path}: its name is too long for its file system; choose a shorter one"
    if number in _NO_FOLDER:
        above = next((one for one in (path, *path.parents) if os.path.lexists(one)), path.parent)
        return f"{path}: {above} is not a folder; choose another"
    if number == errno.ENOENT and getattr(error, "filename", None) is not None:
        return (
            f"{path}: its folder is not there and cannot be made, or takes no new files, or "
            "vanished while it was written; choose another folder, or, if this one comes back, run "
            "the same command again then"
        )
    return _lost(path, number)


def why_not_read(path: Path, error: BaseException) -> str | None:
    """Tell why a file could not be read; None if nothing says that its place is the reason."""
    if isinstance(error, OSError | RuntimeError):
        return _lost(path, _number(error, _LOST))
    return None


@contextmanager
def read_in_words(path: Path) -> Iterator[None]:
    """Tell in words if the file system of ``path`` fails: in the middle no error names the file.

    Raises
    ------
    InputFileError
        If so; other errors pass.
    """
    try:
        yield
    except OSError as error:
        if (reason := why_not_read(path, error)) is None:
            raise
        raise InputFileError(reason) from None


def _lost(path: Path, number: int | None) -> str | None:
    if number not in _LOST:
        return None
    return (
        f"{path}: its file system fails ({os.strerror(number)}); when it is back, run the same "
        "command again"
    )


def _number(error: OSError | RuntimeError, known: tuple[int, ...]) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if type(error) not in (OSError, RuntimeError):
        # Of a library's own kind, as that of a connection that timed out.
        return None
    # HDF5 reports some faults, those while closing above all, only in its message.
    said = next((number for number in known if os.strerror(number) in str(error)), None)
    # Arrow fails to close what it failed to write.
    before = error.__context__
    if said is None and isinstance(before, OSError) and before.errno in known:
        return before.errno
    return said


def _concerns(error: OSError | RuntimeError, path: Path) -> bool:
    """Tell if an error can be of ``path``: it names no file, or it, one above or one hidden beside.

    Other files may be read while it is written.
    """
    named = getattr(error, "filename", None)
    if not isinstance(named, str | bytes):
        return True
    own, place = Path(os.fsdecode(named)).absolute(), path.absolute()
    if own in place.parents:
        return True
    if not own.is_relative_to(place.parent):
        return False
    name = own.relative_to(place.parent).parts[0]
    return name == place.name or name.startswith(f".{place.name}.")


def _free(folder: Path) -> str:
    try:
        free = shutil.disk_usage(folder).free / 1e6
    except OSError:
        return ""
    return f" ({free:.1f} MB free on its file system after clearing up)"
