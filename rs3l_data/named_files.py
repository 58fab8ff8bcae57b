"""Files that a user names, by patterns too: which they are, and that none comes twice."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rs3l_data.errors import InputFileError, where_paths_start


def matching(pattern: str) -> list[str]:
    """List the files of a pattern with ``*``, ``?`` or ``[...]``, sorted; a path stands for itself.

    Raises
    ------
    InputFileError
        If no file matches.
    """
    if not glob.has_magic(pattern) or Path(pattern).exists():
        return [pattern]
    # Path.glob takes no absolute patterns.
    found = sorted(glob.glob(pattern))  # noqa: PTH207
    if not found:
        raise InputFileError(f"{pattern}: no file matches; {where_paths_start()}")
    return found


def require_once(files: Iterable[str | Path]) -> None:
    """Refuse files of which one is there twice, by whatever name.

    Raises
    ------
    InputFileError
        If so.
    """
    for path, times in Counter(os.path.realpath(file) for file in files).most_common(1):
        if times > 1:
            raise InputFileError(
                f"{path}: given {times} times, perhaps by a pattern; what it holds must come once"
            )
