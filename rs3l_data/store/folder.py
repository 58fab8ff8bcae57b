"""Folders that appear whole or not at all: filled beside their place, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rs3l_data.errors import StorageError
from rs3l_data.store.atomic import explained


@contextmanager
def new_folder(to: Path) -> Iterator[Path]:
    """Give a folder to write to, which becomes ``to`` when the block ends well.

    Raises
    ------
    StorageError
        If there is something at ``to`` already, no permission, or no room.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise StorageError(f"{to}: there is something already; give the name of a new folder")
    building = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        with explained(to):
            building.mkdir(parents=True)
            yield building
            building.replace(to)
    finally:
        shutil.rmtree(building, ignore_errors=True)
