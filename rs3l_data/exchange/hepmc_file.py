"""HepMC3 files (arXiv:1912.08005), text, plain or gzip: the events of a run, by their numbers.

pyhepmc reads each event by itself, so that a fault is an error that names the event.
"""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path

import pyhepmc

from rs3l_data.errors import InputFileError
from rs3l_data.exchange.text import reading_lines

_START = b"HepMC::Asciiv3-START_EVENT_LISTING"
_END = b"HepMC::Asciiv3-END_EVENT_LISTING"
# No momentum has an exponent of three digits, which may overflow.
_NUMBER = rb"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE](?:-\d+|\+?0*\d{1,2}))?(?=[ \t\[\],@\r]|$)"
_GARBLED = re.compile(
    rb"^(?:[PV](?:.*[ \t\[\],@])?(?!" + _NUMBER + rb")[^ \t\[\],@\r\n].*"
    rb"|U(?![ \t]+(?:GEV|MEV)[ \t]+(?:MM|CM)\s*$).*)$",
    re.MULTILINE,
)
"""A particle's or a vertex's line with more than numbers, which HepMC3 would read as 0, or with
`1.2.3` or `1e999`, of which it would take what it can; units that it would take for GeV and mm"""


def read_events(path: Path, wanted: range) -> Generator[tuple[int, pyhepmc.GenEvent], None, None]:
    """Read the events whose numbers are in ``wanted``, in GeV and mm.

    The whole file is gone through, so that a fault behind the wanted events is told, too; unless it
    is closed before.

    Raises
    ------
    InputFileError
        If the file is missing, truncated, malformed or of another format, if its event numbers do
        not rise, or if it holds none of the wanted events; naming the event.
    """
    scanner = _Scanner(path, wanted)
    n_found = 0
    with reading_lines(path, lambda: scanner.where) as lines:
        for block in scanner.blocks(lines):
            garbled = _GARBLED.search(block)
            event = None if garbled else _parse(block)
            if event is None:
                raise InputFileError(
                    f"{path}: {scanner.where}: malformed: {_fault(garbled)}; make the file again"
                )
            event.set_units(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            n_found += 1
            yield scanner.number, event
    if n_found == 0:
        raise InputFileError(
            f"{path}: none of the events {wanted.start} to {wanted.stop - 1}: it ends with "
            f"{scanner.where}; its event numbers must be those of the exported hard events"
        )


class _Scanner:
    """Cuts the text of a file into events."""

    def __init__(self, path: Path, wanted: range) -> None:
        self._path = path
        self._wanted = wanted
        self.number = -1
        """Of the event at hand"""
        self.where = "its header"
        """What is at hand, for messages"""

    def blocks(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        """Give each wanted event as a file of its own; several files may follow one another."""
        begin: bytes | None = next(lines, b"")
        while begin is not None:
            head = self._head(chain([begin], lines))
            yield from self._listing(head, lines)
            begin = next(filter(bytes.strip, lines), None)

    def _head(self, lines: Iterator[bytes]) -> list[bytes]:
        head: list[bytes] = []
        for line in lines:
            head.append(line)
            if line.startswith(_START):
                return head
            if len(head) > 10 or b"HepMC::IO_GenEvent" in line:
                break
        raise InputFileError(
            f"{self._path}: {self.where}: expected the line {_START.decode()}, found "
            f"{b''.join(head)[:80]!r}: not a HepMC3 file (of version 2 or in binary, it can be "
            "converted by HepMC3's own tools), or something behind its end"
        )

    def _listing(self, head: list[bytes], lines: Iterator[bytes]) -> Iterator[bytes]:
        """Give the wanted events up to the end of one file, with the header of all its events."""
        block: list[bytes] = []
        begun = False
        for line in lines:
            if line.startswith((b"E ", _END)):
                if block:
                    yield b"".join([*head, *block, _END, b"\n"])
                if line.startswith(_END):
                    return
                self._count(line)
                begun = True
                block = [line] if self.number in self._wanted else []
            elif not begun:
                head.append(line)
            elif block:
                block.append(line)
        raise self._error("truncated: its end is missing")

    def _count(self, line: bytes) -> None:
        try:
            number = int(line.split()[1])
        except (ValueError, IndexError):
            raise self._error(f"malformed line {line.strip()!r} after it") from None
        if number <= self.number:
            what = "comes twice" if number == self.number else f"comes after event {self.number}"
            raise InputFileError(
                f"{self._path}: event {number} {what}: events must come once each, in rising order "
                "of their numbers"
            )
        self.number = number
        self.where = f"event {number}"

    def _error(self, what: str) -> InputFileError:
        return InputFileError(f"{self._path}: {self.where}: {what}; fetch or make the file again")


def _fault(garbled: re.Match[bytes] | None) -> str:
    if garbled is not None:
        return f"the line {garbled.group().decode(errors='replace')!r}"
    return "not the particles and vertices that its first line announces"


def _parse(block: bytes) -> pyhepmc.GenEvent | None:
    with pyhepmc.open(io.BytesIO(block), format="HepMC3") as file:
        return file.read()
