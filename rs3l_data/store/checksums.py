"""The checksums by which a file is known: both in one reading of it, or one to compare with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Literal, NamedTuple

from rs3l_data.store.faults import read_in_words

Algorithm = Literal["sha256", "md5"]

_BLOCK = 1 << 20


class Checksums(NamedTuple):
    """Of all bytes of a file, in hexadecimal digits."""

    sha256: str
    md5: str


class Summing:
    """Checksums of bytes that come one block after the other."""

    def __init__(self) -> None:
        self._hashes = hashlib.sha256(), hashlib.md5(usedforsecurity=False)

    def update(self, block: bytes | memoryview) -> None:
        """Take the next bytes."""
        for one in self._hashes:
            one.update(block)

    def finish(self) -> Checksums:
        """Give the checksums of all bytes so far."""
        return Checksums(*(one.hexdigest() for one in self._hashes))


def checksums(path: Path) -> Checksums:
    """Hash a file's bytes.

    Raises
    ------
    InputFileError
        If its file system fails.
    """
    summing = Summing()
    with read_in_words(path), path.open("rb") as file:
        for block in blocks(file):
            summing.update(block)
    return summing.finish()


def checksum(path: Path, algorithm: Algorithm) -> str:
    """Hash a file's bytes.

    Raises
    ------
    InputFileError
        If its file system fails.
    """
    with read_in_words(path), path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def mismatch(path: Path, size: int, algorithm: Algorithm, expected: str | None) -> str | None:
    """Say in words what differs between a file and its description, if anything does.

    Without an ``expected`` checksum the bytes are not read.
    """
    if not path.is_file():
        return f"{path}: no such file"
    if path.stat().st_size != size:
        return f"{path}: {path.stat().st_size} bytes, expected {size}"
    if expected is None or (found := checksum(path, algorithm)) == expected:
        return None
    return f"{path}: {algorithm.upper()} {found}, expected {expected}"


def blocks(file: BufferedReader | BufferedRandom) -> Iterator[memoryview]:
    """Read on to the end; what a block shows is gone when the next one comes."""
    memory = memoryview(bytearray(_BLOCK))
    while n := file.readinto(memory):
        yield memory[:n]
