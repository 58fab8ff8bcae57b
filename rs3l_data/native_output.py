"""What compiled libraries write to standard output, past Python: sent elsewhere, or read."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stdout_to(descriptor: int) -> Iterator[None]:
    """Send all that the process writes to standard output to another file descriptor."""
    _flush()
    saved = os.dup(1)
    try:
        os.dup2(descriptor, 1)
        yield
    finally:
        _flush()
        os.dup2(saved, 1)
        os.close(saved)


@contextmanager
def nowhere() -> Iterator[None]:
    """Throw away all that the process writes to standard output."""
    with Path(os.devnull).open("wb") as sink, stdout_to(sink.fileno()):
        yield


def written_by(call: Callable[[], object]) -> str:
    """Call something and return what it wrote to standard output."""
    # A file, because a pipe that nobody reads blocks the writer once it is full.
    with tempfile.TemporaryFile() as file:
        with stdout_to(file.fileno()):
            call()
        file.seek(0)
        return file.read().decode("utf-8", "replace")


def _flush() -> None:
    """Let what was written so far go where it was meant to go."""
    sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)
