"""What an archive says of a record: its files with sizes and checksums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from rs3l_data.errors import TransferError
from rs3l_data.record.address import Address
from rs3l_data.record.client import Client, understood
from rs3l_data.store.checksums import Algorithm


class Checksum(NamedTuple):
    """A hash of a file's bytes."""

    algorithm: Algorithm
    value: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value}"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a record."""

    name: str
    url: str
    size: int
    """Bytes"""
    checksum: Checksum


@dataclass(frozen=True, slots=True)
class Record:
    """A record of an archive."""

    address: Address
    title: str
    doi: str
    files: tuple[RemoteFile, ...]


class _Links(BaseModel):
    self: str
    content: str | None = None


class _File(BaseModel):
    key: str
    size: int = Field(ge=0)
    checksum: str = Field(pattern=r"^(md5:[0-9a-fA-F]{32}|sha256:[0-9a-fA-F]{64})$")
    links: _Links


class _Metadata(BaseModel):
    title: str = ""


class _Record(BaseModel):
    """As much of an answer of `/api/records/<number>` as we need."""

    id: int | str
    doi: str = ""
    metadata: _Metadata = _Metadata()
    files: list[_File]


def read_record(client: Client, address: Address) -> Record:
    """Ask an archive what a record holds.

    A DOI that stands for all versions of a record leads to its newest one.

    Raises
    ------
    TransferError
        If the archive cannot be reached, has no such record, or its answer cannot be understood.
    """
    answer = client.json("GET", address.api)
    nothing = f"{address.api}: the record lists no files; are they restricted, or is it a draft?"
    if isinstance(answer, dict) and "files" not in answer:
        raise TransferError(nothing)
    found = understood(answer, _Record, f"{address.api}: not a record")
    if not found.files:
        raise TransferError(nothing)
    return Record(
        replace(address, number=str(found.id)),
        found.metadata.title,
        found.doi,
        tuple(_remote(file) for file in found.files),
    )


def parse_checksum(text: str) -> Checksum:
    """Read `md5:<hex>` or `sha256:<hex>`."""
    algorithm, value = text.split(":")
    return Checksum(cast(Algorithm, algorithm), value.lower())


def _remote(file: _File) -> RemoteFile:
    url = file.links.content or file.links.self
    if urlsplit(url).scheme not in ("http", "https"):
        raise TransferError(f"{file.key!r}: expected an http address, found {url!r}")
    return RemoteFile(file.key, url, file.size, parse_checksum(file.checksum))
