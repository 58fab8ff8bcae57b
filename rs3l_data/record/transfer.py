"""One file from a server: resumed where it broke off, and verified before anyone sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import requests

from rs3l_data.record.client import AgainError, Client, Patience
from rs3l_data.record.listing import RemoteFile
from rs3l_data.store.atomic import explained
from rs3l_data.store.checksums import checksum

_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


def part_of(file: RemoteFile, folder: Path) -> Path:
    """Name the place where a file arrives.

    The checksum in the name keeps what arrived of one version of a record from being continued
    with the bytes of another.
    """
    return folder / f"{file.name}.{file.checksum.value[:16]}.part"


def arrived(file: RemoteFile, folder: Path) -> int:
    """Count the bytes that earlier attempts have left."""
    part = part_of(file, folder)
    return part.stat().st_size if part.is_file() else 0


def fetch(file: RemoteFile, folder: Path, client: Client, count: Callable[[int], None]) -> Path:
    """Bring a file to its part in ``folder``, whole and verified.

    Parameters
    ----------
    count
        Is told the bytes that came in, less those that had to be thrown away.

    Raises
    ------
    TransferError
        If the file does not come, or not as the record describes it.
    StorageError
        If it cannot be written.
    """
    part = part_of(file, folder)
    patience = Patience(client, file.name)
    count(arrived(file, folder))
    while True:
        try:
            if not part.exists() or part.stat().st_size != file.size:
                _receive(file, part, client, count, patience)
            _verify(file, part, count)
            return part
        except AgainError as failure:
            patience.wait(failure)


def _receive(
    file: RemoteFile,
    part: Path,
    client: Client,
    count: Callable[[int], None],
    patience: Patience,
) -> None:
    """Ask for what is missing of a part, and append it."""
    begun = part.stat().st_size if part.exists() else 0
    if begun > file.size:
        _discard(part, count)
        begun = 0
    headers = {"Range": f"bytes={begun}-"} if begun else {}
    with client.request("GET", file.url, headers=headers) as response:
        place = _start(response, begun)
        if place != begun:
            _discard(part, count)
        if place is None:
            raise AgainError(f"{file.url}: no answer to the question for the bytes from {begun} on")
        announced = response.headers.get("Content-Length")
        if announced is not None and place + int(announced) != file.size:
            raise AgainError(f"{file.url}: {place + int(announced)} bytes, expected {file.size}")
        with explained(part), part.open("ab") as out:
            for block in client.blocks(response):
                place += len(block)
                if place > file.size:
                    break
                out.write(block)
                count(len(block))
                patience.advanced(place)
    if place > file.size:
        _discard(part, count)
        raise AgainError(f"{file.url}: more than {file.size} bytes, expected as many")
    if place < file.size:
        raise AgainError(f"{file.url}: {place} bytes, expected {file.size}")


def _start(response: requests.Response, begun: int) -> int | None:
    """Find out which byte a body starts with: a server need not know ranges, or may have fewer."""
    if response.status_code == 200:
        return 0
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    good = response.status_code == 206 and found is not None and int(found[1]) == begun
    return begun if good else None


def _verify(file: RemoteFile, part: Path, count: Callable[[int], None]) -> None:
    found = checksum(part, file.checksum.algorithm)
    if found != file.checksum.value:
        _discard(part, count)
        raise AgainError(
            f"{file.url}: {file.checksum.algorithm.upper()} {found}, expected "
            f"{file.checksum.value}: damaged on the way or on the server"
        )


def _discard(part: Path, count: Callable[[int], None]) -> None:
    if part.exists():
        count(-part.stat().st_size)
        part.unlink()
