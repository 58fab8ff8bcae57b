"""Which files to read, and which part of a split each belongs to."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rs3l_data.describe.schema import Split
from rs3l_data.describe.strict import nearest
from rs3l_data.errors import InputFileError, why_not_opened
from rs3l_data.named_files import matching, require_once

_SPLITS = {split.name.lower(): split for split in Split}


@dataclass(frozen=True, slots=True)
class Source:
    """One file of another project."""

    path: Path
    split: Split | None
    """The part that all its jets belong to; None: by a hash of the row's number"""


def find_sources(arguments: Sequence[str]) -> list[Source]:
    """Resolve ``[train:|validation:|test:]PATTERN``, in the given order, patterns sorted by name.

    Raises
    ------
    InputFileError
        If a pattern fits no file, a file is given twice, or one cannot be opened.
    """
    sources = []
    for argument in arguments:
        prefix, colon, rest = argument.partition(":")
        named = bool(colon) and prefix in _SPLITS
        if colon and not named:
            _require_files(argument, prefix, rest)
        paths = matching(rest if named else argument)
        sources += [Source(Path(path), _SPLITS[prefix] if named else None) for path in paths]
    require_once(source.path for source in sources)
    for source in sources:
        try:
            source.path.open("rb").close()
        except OSError as error:
            raise InputFileError(why_not_opened(source.path, error)) from None
    return sources


def _require_files(argument: str, prefix: str, rest: str) -> None:
    """Tell who writes ``val:FILE`` what the parts are called, unless there are files of that name.

    Raises
    ------
    InputFileError
        If there are none, and what stands before the colon is no folder's name either.
    """
    # Path.glob takes no absolute patterns.
    if "/" in prefix or Path(argument).exists() or glob.glob(argument):  # noqa: PTH207
        return
    short = [name for name in _SPLITS if prefix and name.startswith(prefix.lower())]
    hint = f"did you mean '{short[0]}:{rest}'?" if short else nearest(prefix, [*_SPLITS])
    raise InputFileError(f"{argument}: no such file, nor is '{prefix}' a part of the split; {hint}")
