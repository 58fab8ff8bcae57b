"""Files dated in the future, by a clock that is or was wrong."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable
from pathlib import Path

from rs3l_data.errors import InputFileError

TOLERANCE = 60.0
"""By which clocks of one cluster may differ [s]"""


def require_past(paths: Iterable[str | Path], results: Path) -> None:
    """Refuse files dated in the future, of those that exist.

    What follows from such a file seems older than it. Snakemake would make all of that again, and
    fail at the end because it still seems older. Its own ``--touch`` is no way out: it would take
    what another config has made for what this one asks for.

    Parameters
    ----------
    results
        Folder of the run, all of which is to get one date.

    Raises
    ------
    InputFileError
        Saying how many there are, naming the latest, and how to fix it.
    """
    now = time.time()
    limit = now + TOLERANCE
    ahead = {path: at for path in {*map(Path, paths)} if (at := _dated(path)) > limit}
    if ahead:
        latest = max(ahead, key=lambda path: ahead[path])
        date = datetime.datetime.fromtimestamp(ahead[latest]).isoformat(" ", "seconds")
        raise InputFileError(
            f"{latest}: dated in the future, {date} (of {len(ahead)} such files): this machine's "
            "clock or another's is or was wrong, and what follows from the file would be done "
            "again, in vain. Set the clock right, then give this file and all of the run one date: "
            f"find {results}/ {latest} -type f -exec touch --date=@{now:.0f} {{}} +"
        )


def _dated(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("-inf")
