"""A shard's own checksum, for as long as no manifest knows its bytes.

It stands in the file's first 512 bytes, which HDF5 leaves to the user ("user block"): any reader of
HDF5 skips them, and ``head -1 shard.h5`` shows them.
"""

from __future__ import annotations

import hashlib
import re
from io import BufferedRandom
from pathlib import Path

from rs3l_data.errors import InputFileError, why_not_opened
from rs3l_data.store.checksums import Checksums, Summing, blocks
from rs3l_data.store.faults import read_in_words

SIZE = 512
_LINE = "rs3l shard: HDF5 from byte 512 on, SHA-256 of that {}\n"
_PATTERN = re.compile(_LINE.format("([0-9a-f]{64})").encode())


def seal(file: BufferedRandom) -> None:
    """Write the checksum into the first bytes of a finished file, open to read and write."""
    file.seek(SIZE)
    line = _LINE.format(hashlib.file_digest(file, "sha256").hexdigest()).encode()
    file.seek(0)
    file.write(line.ljust(SIZE, b"\0"))
    file.flush()


def sealed_as(first: bytes) -> str | None:
    """Give the checksum that a shard's first bytes tell; None if it has none."""
    told = _PATTERN.match(first)
    return None if told is None else told[1].decode()


def check_seal(path: Path) -> Checksums:
    """Compare a shard with its own checksum, if it has one: those of older versions have none.

    Returns
    -------
    Checksums
        Those of the whole file, which is read once.

    Raises
    ------
    InputFileError
        If the file is missing, its file system fails, or its bytes have changed since it was
        written.
    """
    summing, own = Summing(), hashlib.sha256()
    try:
        with read_in_words(path), path.open("rb") as file:
            first = file.read(SIZE)
            summing.update(first)
            claim = sealed_as(first)
            for block in blocks(file):
                summing.update(block)
                if claim is not None:
                    own.update(block)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InputFileError(why_not_opened(path, error)) from None
    if claim is not None and (found := own.hexdigest()) != claim:
        raise InputFileError(
            f"{path}: damaged: SHA-256 {found}, expected {claim} as it was written; "
            "fetch or make the file again"
        )
    return summing.finish()
