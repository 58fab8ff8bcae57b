"""A shard's own checksum, for as long as no manifest knows its bytes.

It stands in the file's first 512 bytes, which HDF5 leaves to the user ("user block"): any reader of
HDF5 skips them, and ``head -1 shard.h5`` shows them.
"""

from __future__ import annotations

import hashlib
import re
from io import BufferedRandom, BufferedReader
from pathlib import Path

from rs3l_data.errors import InputFileError, why_not_opened

SIZE = 512
_LINE = "rs3l shard: HDF5 from byte 512 on, SHA-256 of that {}\n"
_PATTERN = re.compile(_LINE.format("([0-9a-f]{64})").encode())


def seal(file: BufferedRandom) -> None:
    """Write the checksum into the first bytes of a finished file, open to read and write."""
    line = _LINE.format(_checksum(file)).encode()
    file.seek(0)
    file.write(line.ljust(SIZE, b"\0"))
    file.flush()


def check_seal(path: Path) -> None:
    """Compare a shard with its own checksum, if it has one: those of older versions have none.

    Raises
    ------
    InputFileError
        If the file is missing, or its bytes have changed since it was written.
    """
    try:
        with path.open("rb") as file:
            claim = _PATTERN.match(file.read(SIZE))
            if claim is None:
                return
            expected, found = claim[1].decode(), _checksum(file)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InputFileError(why_not_opened(path, error)) from None
    if found != expected:
        raise InputFileError(
            f"{path}: damaged: SHA-256 {found}, expected {expected} as it was written; fetch or "
            "make the file again"
        )


def _checksum(file: BufferedRandom | BufferedReader) -> str:
    file.seek(SIZE)
    return hashlib.file_digest(file, "sha256").hexdigest()
