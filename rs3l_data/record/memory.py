"""What a folder remembers, in hidden files, of how it came to be."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rs3l_data.errors import InputFileError
from rs3l_data.store.atomic import write_whole

M = TypeVar("M", bound=BaseModel)


def remember(path: Path, memory: BaseModel) -> None:
    """Write down what is to be remembered.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    write_whole(path, memory.model_dump_json(indent=2) + "\n")


def recall(path: Path, model: type[M], remedy: str) -> M | None:
    """Read what is remembered; None if nothing is.

    Parameters
    ----------
    remedy
        What to do about a damaged file, for the message.

    Raises
    ------
    InputFileError
        If it cannot be understood.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as error:
        fault = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise InputFileError(f"{path}: {fault}; {remedy}") from None
