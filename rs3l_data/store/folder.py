"""Folders that appear whole or not at all: filled beside their place, then renamed."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rs3l_data.errors import StorageError, TakenError
from rs3l_data.store.atomic import explained, hidden_beside, remove_left_over


@contextmanager
def new_folder(to: Path) -> Iterator[Path]:
    """Give a folder to write to, which becomes ``to`` when the block ends well.

    It lies hidden beside ``to``, as a file of `atomic_write` does, and is removed as that is.

    Raises
    ------
    TakenError
        If there is something at ``to`` already.
    StorageError
        If there is no permission, or no room.
    """
    taken = f"{to}: there is something already; give the name of a new folder"
    if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
        raise TakenError(taken)
    building = hidden_beside(to)
    with explained(to):
        remove_left_over(to)
        building.mkdir(parents=True)
        try:
            yield building
            try:
                building.replace(to)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise TakenError(taken) from None
                raise
        except StorageError as error:
            # Who asked for ``to`` does not know of the hidden one.
            said = str(error).replace(str(building), str(to.absolute()))
            raise type(error)(said) from None
        finally:
            shutil.rmtree(building, ignore_errors=True)
