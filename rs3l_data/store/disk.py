"""A file to hand to HDF5 whose errors are not lost."""

from __future__ import annotations

from typing import Any, BinaryIO


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
        try:
            return self._file.write(data)
        except OSError as error:
            self._error = self._error or error
            return len(data)

    def flush(self) -> None:
        """Hand what is buffered to the system."""
        try:
            self._file.flush()
        except OSError as error:
            self._error = self._error or error

    def check(self) -> None:
        """Raise the first error.

        Raises
        ------
        OSError
            If something could not be written.
        """
        if self._error is not None:
            raise self._error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
