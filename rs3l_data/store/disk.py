"""A file to hand to HDF5 whose errors are not lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")


class Disk:
    """A file whose first error is kept for `check`.

    On a full disk HDF5 loses chunks without an error, or crashes while it closes. So it never hears
    of an error, and whoever writes asks for it.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self._error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write bytes at the current position."""
        return self._tried(len(data), self._file.write, data)

    def seek(self, position: int, whence: int = 0) -> int:
        """Go to a position, before which what is buffered is written."""
        return self._tried(position, self._file.seek, position, whence)

    def truncate(self, size: int) -> int:
        """Set the length, before which what is buffered is written."""
        return self._tried(size, self._file.truncate, size)

    def flush(self) -> None:
        """Hand what is buffered to the system."""
        self._tried(None, self._file.flush)

    def check(self) -> None:
        """Raise the first error.

        Raises
        ------
        OSError
            If something could not be written.
        """
        if self._error is not None:
            raise self._error

    def _tried(self, as_if: T, do: Callable[..., T], *arguments: Any) -> T:
        """Do something; where that fails, keep the error and answer as if it had not."""
        try:
            return do(*arguments)
        except OSError as error:
            self._error = self._error or error
            return as_if

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
