"""What a job took, as the last line of its log says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

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


def read_spent(log: Path) -> Spent | None:
    """Read what `rs3l_data.progress.logging_to` wrote last; None if the job has not ended well.

    Snakemake's own measurement of CPU time is up to half a minute old when a job ends.
    """
    if not log.is_file():
        return None
    found = [*_LINE.finditer(log.read_text(encoding="utf-8", errors="replace"))]
    return Spent(*map(float, found[-1].groups())) if found else None
