"""Text files of events, plain or gzip, whose faults say which event was reached."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from rs3l_data.errors import InputFileError, where_paths_start, why_not_opened
from rs3l_data.store.atomic import atomic_write
from rs3l_data.store.faults import read_in_words

_GZIP = b"\x1f\x8b"
_BUFFER = 1 << 13


@contextmanager
def reading_lines(path: Path, reached: Callable[[], str]) -> Iterator[Iterator[bytes]]:
    """Open a text file, uncompressed if it is gzip by its first bytes (not by its name).

    Parameters
    ----------
    reached
        Says where in the file the reader is, for the message: ``event 17``.

    Yields
    ------
    The lines, with their ends.

    Raises
    ------
    InputFileError
        If the file is missing, its compression is broken or its file system fails.
    """
    try:
        with read_in_words(path), path.open("rb") as file:
            compressed = file.read(2) == _GZIP
            file.seek(0)
            # GzipFile gives lines by itself, but each through a call in Python. The buffer is
            # small, because at a fault what is in it is lost, and the reader that much behind.
            lines = BufferedReader(gzip.GzipFile(fileobj=file), _BUFFER) if compressed else file
            yield iter(lines)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InputFileError(f"{why_not_opened(path, error)}; {where_paths_start()}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputFileError(
            f"{path}: {reached()}: the gzip file is truncated or damaged ({error}); fetch or make "
            "it again"
        ) from None


@contextmanager
def writing_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write, gzip if its name ends in .gz; it appears when the block ends well.

    The same content gives the same bytes: no time and no name enters the gzip header.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", 6, file, 0) as packed:
                yield cast(BinaryIO, packed)
        else:
            yield file
