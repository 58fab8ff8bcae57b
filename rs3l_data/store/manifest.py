"""The manifest `dataset.json`: reading and writing it, and comparing the files with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rs3l_data.describe.schema import FORMAT
from rs3l_data.errors import DamagedFileError, InputFileError, why_not_opened
from rs3l_data.store.atomic import write_whole
from rs3l_data.store.checksums import mismatch
from rs3l_data.store.contents import check_contents, check_totals
from rs3l_data.store.hdf5 import check_version

MANIFEST_NAME = "dataset.json"


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write `dataset.json` into the dataset's folder, whole or not at all.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(folder / MANIFEST_NAME, text + "\n")


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a `dataset.json`.

    Raises
    ------
    InputFileError
        If it is missing, no manifest of ours, of another major format version, or if an entry is
        not what it should be, such as a file's path that leads out of the folder.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        # A run's folder is what one knows by name; the dataset lies in it.
        inside = path.parent / "dataset"
        hint = f"; did you mean {inside}?" if (inside / MANIFEST_NAME).is_file() else ""
        raise InputFileError(
            f"{path}: no such file; a dataset is a folder with a {MANIFEST_NAME}, or a shard{hint}"
        ) from None
    except OSError as error:
        raise InputFileError(why_not_opened(path, error)) from None
    except (ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: not a readable JSON file: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputFileError(f"{path}: no manifest of ours: it does not say format '{FORMAT}'")
    check_version(str(manifest.get("format_version")), path)
    check_contents(manifest, path)
    return manifest


def check_files(folder: Path, manifest: Mapping[str, Any], verify: bool) -> None:
    """Refuse a dataset whose files are not those of its manifest: by size, or by every byte.

    Raises
    ------
    InputFileError
        If the manifest contradicts itself.
    DamagedFileError
        With a line for each file that differs.
    """
    check_totals(manifest, folder / MANIFEST_NAME)
    faults = damaged_files(folder, manifest, bytewise=verify)
    if faults:
        raise DamagedFileError("\n".join([*faults, "fetch or make these files again"]))


def damaged_files(folder: Path, manifest: Mapping[str, Any], bytewise: bool = True) -> list[str]:
    """Compare a dataset's files with its manifest, and say in words what differs.

    Parameters
    ----------
    bytewise
        Whether to compare SHA-256 too, for which every file is read.
    """
    faults = (fault_of(folder, entry, bytewise) for entry in manifest["files"])
    return [fault for fault in faults if fault]


def fault_of(folder: Path, entry: Mapping[str, Any], bytewise: bool) -> str | None:
    """Compare one file, by its entry in the manifest."""
    expected = entry["sha256"] if bytewise else None
    return mismatch(folder / entry["path"], entry["bytes"], "sha256", expected)
