"""The errors that a user can fix: each message names what was found, where, and what to do."""

from __future__ import annotations

from pathlib import Path


class RS3LError(Exception):
    """Base of all errors that the commands report without a traceback.

    ``exit_code`` is what the command line returns: 1 for a failure while working,
    2 for wrong usage or input.
    """

    exit_code = 1


class ConfigError(RS3LError):
    """A config, catalogue entry or detector card that cannot be used."""

    exit_code = 2


class InputFileError(RS3LError):
    """A file that is missing, truncated, foreign or of another format version."""

    exit_code = 2


class DamagedFileError(InputFileError):
    """A file whose content is not what was written."""


class GeneratorError(RS3LError):
    """Pythia refused a setting, failed to initialise, or delivered something impossible."""


class StorageError(RS3LError):
    """A file could not be written (full disk, no permission)."""


class TakenError(StorageError):
    """A place to write to that has something already which is not to be lost: wrong usage."""

    exit_code = 2


class TransferError(RS3LError):
    """A server refused, could not be reached, or sent something other than it announced."""


class ClusterError(RS3LError):
    """A batch system refuses the workflow's jobs, or its nodes could not run them."""

    exit_code = 2


def why_not_opened(path: Path, error: OSError) -> str:
    """Tell in one line why a file that is to be read cannot be opened."""
    match error:
        case FileNotFoundError():
            reason = "no such file"
        case IsADirectoryError():
            reason = "a folder, expected a file"
        case NotADirectoryError():
            reason = "no such file: something on its path is a file, not a folder"
        case PermissionError():
            reason = "no permission to read it"
        case _:
            reason = f"cannot be read ({error.strerror or error})"
    return f"{path}: {reason}"


def where_paths_start() -> str:
    """Tell where a file was looked for, in a message that it is not there."""
    return f"paths are relative to {Path.cwd()}, where the command runs"
