"""Files dated in the future, by a clock that is or was wrong."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable
from pathlib import Path

from rs3l_data.errors import InputFileError

TOLERANCE = 60.0
"""By which clocks of one cluster may differ [s]"""


def require_past(paths: Iterable[str | Path]) -> None:
    """Refuse files dated in the future, of those that exist.

    What follows from such a file seems older than it. Snakemake would make all of that again, and
    fail at the end because it still seems older.

    Raises
    ------
    InputFileError
        Saying how many there are, naming the latest, and how to fix it.
    """
    limit = time.time() + TOLERANCE
    ahead = {path: at for path in {*map(Path, paths)} if (at := _dated(path)) > limit}
    if ahead:
        latest = max(ahead, key=lambda path: ahead[path])
        date = datetime.datetime.fromtimestamp(ahead[latest]).isoformat(" ", "seconds")
        raise InputFileError(
            f"{latest}: dated in the future, {date} (of {len(ahead)} such files): this machine's "
            "clock or another's is or was wrong, and what follows from the file would be done "
            "again, in vain. Set the clock right, then date all files anew by the same command "
            "with --touch --forceall"
        )


def _dated(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("-inf")
