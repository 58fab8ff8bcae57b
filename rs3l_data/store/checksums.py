"""The checksums by which a manifest knows a file, in one reading of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import NamedTuple

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
    """Hash a file's bytes."""
    summing = Summing()
    with path.open("rb") as file:
        for block in blocks(file):
            summing.update(block)
    return summing.finish()


def blocks(file: BufferedReader | BufferedRandom) -> Iterator[memoryview]:
    """Read on to the end; what a block shows is gone when the next one comes."""
    memory = memoryview(bytearray(_BLOCK))
    while n := file.readinto(memory):
        yield memory[:n]
