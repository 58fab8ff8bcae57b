"""A record's folder to Zenodo's deposition interface: a draft, which the web page then shows."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from pydantic import BaseModel
from requests.auth import AuthBase

from rs3l_data.describe.strict import Strict
from rs3l_data.errors import ConfigError, InputFileError, TransferError
from rs3l_data.progress import Progress, Style
from rs3l_data.record.client import AgainError, Client, Patience, understood
from rs3l_data.record.memory import recall, remember
from rs3l_data.record.publish import METADATA
from rs3l_data.store.checksums import checksum

logger = logging.getLogger(__name__)

STATE = ".deposit.json"
_DEPOSITIONS = "/api/deposit/depositions"
_MB = 1_000_000


class Token(AuthBase):
    """Puts a token into a request, where neither messages nor logs show it.

    `requests` takes it out again when it is redirected to another host.

    Raises
    ------
    ConfigError
        If a header cannot hold it: the library's own message would show it.
    """

    def __init__(self, token: str) -> None:
        if not re.fullmatch(r"[!-~]+", token):
            raise ConfigError(
                "the archive's token has a blank, a line break or a letter beyond ASCII in it, or "
                "is empty; copy it anew"
            )
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, slots=True)
class Deposit:
    """A draft, or a released record."""

    number: str
    page: str
    sent: int
    """Files that were not there before"""


class _Begun(Strict):
    """What a folder remembers of its draft."""

    base: str
    id: str


class _Stored(BaseModel):
    filename: str
    filesize: int
    checksum: str


class _Links(BaseModel):
    bucket: str
    self: str
    publish: str
    html: str = ""


class _Deposition(BaseModel):
    """As much of an answer of the deposition interface as we need."""

    id: int | str
    submitted: bool = False
    files: list[_Stored] = []
    links: _Links


def upload(
    folder: Path, base: str, client: Client, release: bool = False, style: Style = "auto"
) -> Deposit:
    """Bring a record's folder into a draft; a second call sends what is missing there.

    Parameters
    ----------
    base
        The archive's address, without a slash at the end.
    client
        With a `Token`.
    release
        Publish the draft. That cannot be undone.

    Raises
    ------
    InputFileError
        If the folder is no record, or what it remembers of the draft cannot be understood.
    ConfigError
        If it was sent to another archive, or its draft is released already.
    TransferError
        If the archive refuses, or stores something else than was sent.
    """
    metadata = _read_metadata(folder)
    draft = _draft(folder, base, client, metadata)
    if draft.submitted:
        raise ConfigError(
            f"{draft.links.html or draft.id}: is released already; a new version starts on its "
            f"page. To send these files to a new record, remove {folder / STATE}"
        )
    for link in (draft.links.bucket, draft.links.publish):
        if urlsplit(link)[:2] != urlsplit(base)[:2]:
            raise TransferError(f"{link}: not at {base}; the token is sent nowhere else")
    missing = _missing(folder, draft)
    total = sum(path.stat().st_size for path in missing)
    done = 0
    with Progress("upload", -(-total // _MB), "MB", style) as bar:
        for path in missing:
            _send(path, draft.links.bucket, client)
            done += path.stat().st_size
            bar(-(-done // _MB))
    client.json("PUT", f"{base}{_DEPOSITIONS}/{draft.id}", body={"metadata": metadata})
    if release:
        client.json("POST", draft.links.publish)
    page = draft.links.html or f"{base}/uploads/{draft.id}"
    return Deposit(str(draft.id), page, len(missing))


def _read_metadata(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputFileError(f"{folder / METADATA}: {error}; make the record again") from None
    return found


def _draft(folder: Path, base: str, client: Client, metadata: dict[str, Any]) -> _Deposition:
    """Find the draft of an earlier call, or begin one."""
    path = folder / STATE
    remedy = "remove it, and the files go to a new draft (remove the old one on its page)"
    if (known := recall(path, _Begun, remedy)) is not None:
        if known.base != base:
            raise ConfigError(
                f"{path}: sent to {known.base} before; remove it to send the files to {base}"
            )
        answer = client.json("GET", f"{base}{_DEPOSITIONS}/{known.id}")
        return understood(answer, _Deposition, f"{base}: not a deposition")
    answer = client.json("POST", f"{base}{_DEPOSITIONS}", body={"metadata": metadata})
    draft = understood(answer, _Deposition, f"{base}: not a deposition")
    remember(path, _Begun(base=base, id=str(draft.id)))
    return draft


def _missing(folder: Path, draft: _Deposition) -> list[Path]:
    """List the files that the draft does not have as they are here."""
    there = {f.filename: (f.filesize, f.checksum.removeprefix("md5:")) for f in draft.files}
    ours = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    return [p for p in ours if there.get(p.name) != (p.stat().st_size, checksum(p, "md5"))]


def _send(path: Path, bucket: str, client: Client) -> None:
    """Store a file, and compare what the archive says it has got."""
    url = f"{bucket}/{quote(path.name)}"
    expected = f"md5:{checksum(path, 'md5')}"
    patience = Patience(client, path.name)
    while True:
        try:
            with path.open("rb") as file, client.request("PUT", url, data=file) as response:
                answer = client.parsed(response)
            found = answer.get("checksum") if isinstance(answer, dict) else answer
            if found != expected:
                raise AgainError(f"{url}: arrived as {found}, expected {expected}")
            return
        except AgainError as failure:
            patience.wait(failure)
