"""Les Houches event files (hep-ph/0609017), read by pylhe, of which only the events asked for.

pylhe takes a file whole and stops at a fault with a warning. So its text is cut into events here:
those not asked for are skipped by line, a fault is an error that names the event.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import pylhe

from rs3l_data.errors import InputFileError
from rs3l_data.exchange.text import reading_lines

_EVENT = re.compile(rb"\s*<event[\s>]")
_END = b"</LesHouchesEvents>"
_ROOT = re.compile(rb"<LesHouchesEvents[^>]*>")
# Generators write their run cards here, with dashes that XML forbids in a comment.
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_MEANINGS = re.compile(rb"<initrwgt.*?</initrwgt>", re.DOTALL)
_PDF = re.compile(rb"^[ \t]*#pdf[ \t]+(.*)$", re.MULTILINE)
# A tag, whose names of weights stay as they are, or the D in 1.0D+02: Fortran's double precision.
_TAG_OR_D = re.compile(rb"(<[^>]*>)|(?<=[\d.])[dD](?=[-+]?\d)")
# Most files have none, and to look for it takes a tenth of the time.
_D = re.compile(rb"[dD][-+\d]")

_BALANCE = 1e-3
"""Of the energy, which files with few digits may miss in the sum of their momenta"""

_UNMIXED = (1, 2)
"""Strategies by which a generator offers events of processes that it is asked for (IDWTUP)"""

_LARGEST_CODE = 2**31 - 1
"""Of particles, colours and subprocesses, Fortran's integers in the standard"""

# What pylhe raises at the faults of a file; of a whole number that is infinite, the third.
_FAULTS = (ValueError, IndexError, OverflowError, KeyError, AttributeError, RuntimeWarning)

INCOMING, OUTGOING, DECAYED = -1, 1, 2
"""Status codes of particles (hep-ph/0109068, ISTUP) that are read."""


class Densities(NamedTuple):
    """What a `#pdf` line says of the incoming partons."""

    id1: int
    id2: int
    x1: float
    x2: float
    scale: float
    """Of the factorisation [GeV]"""
    pdf1: float
    """x times the density"""
    pdf2: float


@dataclass(frozen=True, slots=True)
class Part:
    """What one file gives to a run of events."""

    path: Path
    init: pylhe.LHEInit
    meanings: dict[str, str]
    """What the header says of each further weight, by its id"""
    events: list[pylhe.LHEEvent]
    densities: list[Densities | None]
    """Of each event, where the file says them"""


def read_events(paths: Sequence[Path], wanted: range) -> list[Part]:
    """Read a run of events; the events of all files are numbered from 0, in their order.

    Raises
    ------
    InputFileError
        If a file is missing, truncated or malformed, naming the event; or if the files hold fewer
        events than asked for.
    """
    parts: list[Part] = []
    number = 0
    for path in paths:
        part, number = _read_file(path, number, wanted)
        if part.events:
            parts.append(part)
        if number == wanted.stop:
            return parts
    raise InputFileError(
        f"{', '.join(map(str, paths))}: {number} events, but at least {wanted.stop} are asked "
        "for; lower `events` or add files"
    )


class _Scanner:
    """Hands the head of a file and the wanted events to pylhe, and skips the others."""

    def __init__(self, path: Path, first: int, wanted: range) -> None:
        self._path = path
        self._wanted = wanted
        self._pieces: Iterator[bytes] = iter(())
        self.number = first
        """Of the event at hand, or that comes next"""
        self.where = "its header"
        """What is at hand, for messages: pylhe gets the next piece when it is done with one"""
        self.block = b""
        """The text of the event at hand"""

    def open(self, lines: Iterator[bytes]) -> BinaryIO:
        """Start on the lines of the file; returns what pylhe takes for a file."""
        self._pieces = self._cut(lines)
        return cast(BinaryIO, self)

    def read(self, _: int = -1) -> bytes:
        """Give the next piece, at the end nothing."""
        return next(self._pieces, b"")

    def __enter__(self) -> _Scanner:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _cut(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        yield _head_for_pylhe(self._head(lines))
        self.where = f"event {self.number}"
        for line in lines:
            if _END in line:
                break
            if _EVENT.match(line):
                block = self._block(line, lines)
                if self.number in self._wanted:
                    self.block = _with_e(block)
                    yield self.block
                self.number += 1
                self.where = f"event {self.number}"
                if self.number == self._wanted.stop:
                    break
        else:
            raise self._truncated()
        yield _END

    def _head(self, lines: Iterator[bytes]) -> bytes:
        head: list[bytes] = []
        for line in lines:
            head.append(line)
            if b"</init>" in line:
                return b"".join(head)
            if len(head) == 20 and not any(b"<LesHouchesEvents" in each for each in head):
                break
        raise InputFileError(
            f"{self._path}: expected <LesHouchesEvents> and an <init> block, found none: not a "
            "Les Houches event file, or its beginning is damaged"
        )

    def _block(self, line: bytes, lines: Iterator[bytes]) -> bytes:
        block = [line]
        for line in lines:
            if _EVENT.match(line) or _END in line:
                break
            if line.strip():
                block.append(line)
            if b"</event>" in line:
                return b"".join(block)
        raise self._truncated()

    def _truncated(self) -> InputFileError:
        return InputFileError(
            f"{self._path}: {self.where}: truncated: its end is missing; fetch or make the file "
            "again"
        )


def _head_for_pylhe(head: bytes) -> bytes:
    """Leave of the head what is read, in the form that pylhe wants.

    Of the header that is what weights mean: its run cards need not be XML. Of <init>, pylhe takes a
    comment for a process, and passes over what shares a line with either of the tags.
    """
    head = _COMMENT.sub(b"", head)
    before, tag, init = head.rpartition(b"<init>")
    root, meanings = _ROOT.search(before), _MEANINGS.search(head)
    header = b"<header>" + meanings[0] + b"</header>" if meanings else b""
    numbers, end, rest = init.partition(b"</init>")
    lines = map(bytes.strip, _with_e(numbers).splitlines())
    said = [line for line in lines if line and not line.startswith(b"#")]
    return b"\n".join([root[0] if root else b"", header + tag, *said, end + rest])


def _with_e(text: bytes) -> bytes:
    """Write the exponents of Fortran's double precision, 1.0D+02, with the E that Python reads."""
    if not _D.search(text):
        return text
    return _TAG_OR_D.sub(lambda found: found[1] or b"e", text)


def _read_file(path: Path, first: int, wanted: range) -> tuple[Part, int]:
    """Read the wanted events of one file whose events are numbered from ``first``.

    Returns
    -------
    Also the number that the next file's first event has, if this one was read to its end.
    """
    scanner = _Scanner(path, first, wanted)
    events: list[pylhe.LHEEvent] = []
    densities: list[Densities | None] = []
    with reading_lines(path, lambda: scanner.where) as lines, warnings.catch_warnings():
        # At a fault pylhe warns and stops as at the end of the file.
        warnings.simplefilter("error", RuntimeWarning)
        try:
            file = pylhe.LHEFile.frombuffer(scanner.open(lines))
            _check_init(file.init)
            for event in file.events:
                densities.append(_check(event, scanner.block))
                events.append(event)
        except _FAULTS as error:
            what = re.sub(r": line \d+, column \d+", "", str(error))
            raise InputFileError(
                f"{path}: {scanner.where}: malformed: {what}; correct the file or make it again"
            ) from None
    weights = () if file.header is None else file.header.initrwgt.iter_weights()
    meanings = {each.id: each.name for each in weights}
    return Part(path, file.init, meanings, events, densities), scanner.number


def _check_init(init: pylhe.LHEInit) -> None:
    """Check that all processes were read, whose cross sections are added up, and are numbers.

    Raises
    ------
    ValueError
        Saying what was found and what was expected.
    """
    found, declared = len(init.procInfo), init.initInfo.numProcesses
    if found != declared:
        raise ValueError(f"{found} processes in <init>, but its first line says {declared}")
    numbers = [init.initInfo.energyA, init.initInfo.energyB]
    for process in init.procInfo:
        numbers += [process.xSection, process.error]
    if not all(map(isfinite, numbers)):
        raise ValueError("a number in <init> is infinite or none")
    if sum(process.xSection for process in init.procInfo) == 0:
        raise ValueError("a cross section of 0 in <init>, XSECUP, which normalises all weights")
    strategy = init.initInfo.weightingStrategy
    if abs(strategy) in _UNMIXED and declared > 1:
        raise ValueError(
            f"weighting strategy {strategy} of {declared} processes: how many events of each stand"
            " in the file means nothing; write one file for each, or events of strategy 3 or 4"
        )


def _check(event: pylhe.LHEEvent, block: bytes) -> Densities | None:
    """Check what the rest relies on, and read the `#pdf` line of its text if there is one.

    Raises
    ------
    ValueError
        Saying what was found and what was expected.
    """
    info, particles = event.eventinfo, event.particles
    if len(particles) != info.nparticles:
        raise ValueError(f"{len(particles)} particles, but its first line says {info.nparticles}")
    statuses = [particle.status for particle in particles]
    if statuses[:2] != [INCOMING] * 2 or set(statuses[2:]) - {OUTGOING, DECAYED}:
        raise ValueError(
            f"status codes {statuses}, expected -1 for the first two particles, then 1 and 2"
        )
    densities = _densities(block)
    numbers = [info.weight, info.scale, info.aqed, info.aqcd, *event.weights.values()]
    numbers += densities or ()
    codes = [info.pid, *(densities or ())[:2]]
    for particle in particles:
        codes += [particle.id, particle.color1, particle.color2]
        numbers += [particle.px, particle.py, particle.pz, particle.e, particle.m]
        numbers += [particle.lifetime, particle.spin]
        if not 0 <= particle.mother1 <= len(particles) >= particle.mother2 >= 0:
            raise ValueError(
                f"mothers {particle.mother1} and {particle.mother2} of {len(particles)} particles"
            )
    if not all(map(isfinite, numbers)):
        raise ValueError("a number is infinite or none")
    if info.scale == 0:
        raise ValueError("a scale of 0, SCALUP, from which no shower starts; -1 is Pythia's choice")
    if (largest := max(map(abs, codes))) > _LARGEST_CODE:
        raise ValueError(f"a code of {largest}, expected {_LARGEST_CODE} at most")
    for name in ("px", "py", "pz", "e"):
        made = sum(getattr(each, name) for each in particles if each.status == OUTGOING)
        total = sum(getattr(each, name) for each in particles[:2])
        if abs(made - total) > _BALANCE * (particles[0].e + particles[1].e):
            raise ValueError(
                f"{name} of the outgoing particles adds up to {made:.6g} GeV, of the incoming to "
                f"{total:.6g} GeV"
            )
    return densities


def _densities(block: bytes) -> Densities | None:
    """Read the last `#pdf` line of an event, which pylhe has not where it follows a tag."""
    lines = _PDF.findall(block)
    if not lines:
        return None
    numbers = lines[-1].decode(errors="replace").split()
    if len(numbers) != len(Densities._fields):
        raise ValueError(f"{len(numbers)} numbers after #pdf, expected {len(Densities._fields)}")
    id1, id2, *rest = map(float, numbers)
    return Densities(int(id1), int(id2), *rest)
