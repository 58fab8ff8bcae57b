"""A place for compiled kernels where neither the package's folder nor the home can be written."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

_PACKAGE = Path(__file__).parent


def choose_place() -> None:
    """Let numba cache in a temporary folder if it could nowhere else: it fails then.

    As in a container that runs under a stranger's number. What is cached is code, so the folder
    is the user's own, or a new one.
    """
    if "NUMBA_CACHE_DIR" in os.environ or _writable(_PACKAGE) or _writable(_users_cache()):
        return
    place = Path(tempfile.gettempdir(), f"rs3l-numba-{os.getuid()}")
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        own = place.lstat()
        is_own = own.st_uid == os.getuid() and stat.S_ISDIR(own.st_mode) and not own.st_mode & 0o077
    except OSError:
        is_own = False
    os.environ["NUMBA_CACHE_DIR"] = str(place if is_own else tempfile.mkdtemp(prefix="rs3l-numba-"))


def _users_cache() -> Path:
    """Where numba caches if not beside the code."""
    # Path.expanduser fails where the user has no home.
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111


def _writable(folder: Path) -> bool:
    # Path.exists fails in a folder that may not be searched.
    there = next((one for one in (folder, *folder.parents) if os.path.exists(one)), folder)  # noqa: PTH110
    return os.access(there, os.W_OK | os.X_OK)
