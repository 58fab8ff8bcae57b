"""What a job took, as the last line of its log says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rs3l_data.errors import RS3LError

_LINE = re.compile(
    r"took (?P<wall_s>[\d.]+) s by the clock, (?P<cpu_s>[\d.]+) s of CPU, "
    r"(?P<memory_mb>[\d.]+) MB of memory$",
    re.MULTILINE,
)


class Spent(NamedTuple):
    """What a job took."""

    wall_s: float
    cpu_s: float
    """Start of Python included"""
    memory_mb: float
    """At its peak"""


def spent_by(command: Sequence[str | Path], log: Path) -> Spent:
    """Run one of our commands, which writes a log, and read what it took.

    Raises
    ------
    RS3LError
        If it fails.
    """
    call = [sys.executable, "-m", "rs3l_data", *command, "--log", log]
    done = subprocess.run(call, stderr=subprocess.PIPE, text=True, check=False)
    spent = read_spent(log)
    if done.returncode or spent is None:
        raise RS3LError(f"{' '.join(map(str, call))} failed:\n{done.stderr}")
    return spent


def read_spent(log: Path) -> Spent | None:
    """Read what `rs3l_data.progress.logging_to` wrote last; None if the job has not ended well.

    Snakemake's own measurement of CPU time is up to half a minute old when a job ends.
    """
    if not log.is_file():
        return None
    found = [*_LINE.finditer(log.read_text(encoding="utf-8", errors="replace"))]
    return Spent(*map(float, found[-1].groups())) if found else None
