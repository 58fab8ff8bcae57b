"""Records that are opened by their name: fetched once, into a folder that all programs share."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from rs3l_data.errors import InputFileError
from rs3l_data.record.address import ZENODO, Address, locate
from rs3l_data.record.client import Client
from rs3l_data.record.download import download
from rs3l_data.record.listing import read_record
from rs3l_data.record.local import read_state
from rs3l_data.record.selection import Selection
from rs3l_data.store.alone import alone
from rs3l_data.store.manifest import MANIFEST_NAME

_FREE_IN_NAMES = ".-"


def cache_folder() -> Path:
    """Give the folder for records: RS3L_CACHE of the environment, or the platform's for caches."""
    chosen = os.environ.get("RS3L_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("rs3l", appauthor=False)


def cached(record: str) -> Path:
    """Fetch a record, unless the cache has it, and give its folder.

    What is there is known by its size; `rs3l_data.open` compares checksums if told to verify. Of
    several processes that ask at once, one fetches and the others wait.

    Parameters
    ----------
    record
        Its DOI, or the address of its page. DOIs are looked up at RS3L_ARCHIVE of the environment,
        or Zenodo.

    Raises
    ------
    ConfigError
        If it is neither.
    InputFileError
        If the record is none of ours.
    TransferError
        If the server refuses, fails for good, or sends something else than it announced.
    StorageError
        If the files do not fit on the disk, or cannot be written.
    """
    address = locate(record, os.environ.get("RS3L_ARCHIVE") or ZENODO)
    folder = cache_folder() / _name(address.base) / address.number
    with alone(folder.with_name(f".{folder.name}.lock")):
        if not _is_complete(folder, address):
            client = Client()
            found = read_record(client, address)
            if all(file.name != MANIFEST_NAME for file in found.files):
                raise InputFileError(
                    f"{record}: '{found.title}' has no {MANIFEST_NAME}, so it is no dataset of "
                    "ours; fetch its files with `rs3l-data download`, and see `rs3l-data convert`"
                )
            download(address, folder, client=client)
    return folder


def _name(base: str) -> str:
    """Make the name of a folder of an archive's address: its host, port and path."""
    parts = urlsplit(base)
    text = f"{parts.netloc}{parts.path}"
    return "".join(c if c.isalnum() or c in _FREE_IN_NAMES else "_" for c in text)


def _is_complete(folder: Path, address: Address) -> bool:
    state = read_state(folder)
    if state is None or not state.is_of(address, Selection()):
        return False
    paths = ((folder / file.name, file.size) for file in state.files)
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)
