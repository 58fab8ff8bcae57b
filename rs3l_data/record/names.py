"""Which names files of a record may have: plain ones, that every file system can hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from rs3l_data.errors import TransferError
from rs3l_data.store.checksums import Algorithm

STATE = ".record.json"
"""What a folder says of the record that it comes from"""
PARTS = ".download"
"""The folder with what has not wholly arrived"""
CHECKSUM_FILES: dict[Algorithm, str] = {"sha256": "sha256sums.txt", "md5": "md5sums.txt"}
"""By algorithm, the lists that a record has of its files"""

_LONGEST = 200
"""Bytes; file systems take 255, and names of parts are longer."""
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_names(names: Iterable[str]) -> None:
    """Refuse names of a server's files that have a fault.

    Raises
    ------
    TransferError
        With what is wrong with the first bad one.
    """
    if fault := fault_of(names):
        raise TransferError(
            f"the server has {fault}; nothing is written under it. Choose other files with "
            "`--files`, or tell the record's authors"
        )


def fault_of(names: Iterable[str]) -> str | None:
    """Find the first name that could lead out of a folder, or that not every system can hold.

    Also two that mean one file on some system.
    """
    seen: dict[str, str] = {}
    for name in names:
        if fault := _fault(name):
            return f"a file {name[:300]!r}: {fault}"
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            return (
                f"the files {seen[key]!r} and {name!r}, which are one file where upper and lower "
                "case do not differ"
            )
        seen[key] = name
    return None


def _fault(name: str) -> str | None:
    if found := _FORBIDDEN.search(name):
        return f"it holds the character {found[0]!r}, expected the name of a file, not a path"
    if name in ("", ".", ".."):
        return "expected the name of a file"
    if name in (STATE, PARTS):
        return "we use it ourselves"
    if name[-1] in ". " or _DEVICE.fullmatch(name):
        return "Windows cannot hold it"
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return "it is not Unicode text"
    if length > _LONGEST:
        return f"{length} bytes, expected {_LONGEST} at most"
    return None
