"""What a folder remembers of its record, so that it can be checked without a network."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rs3l_data.describe.strict import Strict
from rs3l_data.record.address import Address
from rs3l_data.record.listing import parse_checksum
from rs3l_data.record.memory import recall, remember
from rs3l_data.record.names import STATE
from rs3l_data.record.selection import Selection, Target
from rs3l_data.store.checksums import checksum, mismatch


class LocalFile(Strict):
    """A file as it lies here."""

    name: str
    size: int
    checksum: str
    """`md5:<hex>` or `sha256:<hex>`"""
    made_from: tuple[str, ...] = ()
    """Checksums of the record's files, if it is not one of them as it was"""
    views: tuple[str, ...] = ()
    """Those that were taken, if so"""


class State(Strict):
    """Where a folder's files come from."""

    base: str
    asked: str
    """The number that was asked for; of a record of all versions, the newest answers"""
    number: str
    title: str
    doi: str
    selection: Selection
    files: tuple[LocalFile, ...]

    def is_of(self, address: Address, selection: Selection) -> bool:
        """Say whether this is what someone asks for."""
        return self.has_record(address) and self.selection == selection

    def has_record(self, address: Address) -> bool:
        """Say whether it is from this record."""
        return self.base == address.base and address.number in (self.asked, self.number)


def read_state(folder: Path) -> State | None:
    """Read what a folder remembers, if it does.

    Raises
    ------
    InputFileError
        If that cannot be understood.
    """
    return recall(folder / STATE, State, "remove it, and the files are looked up again")


def write_state(folder: Path, state: State) -> None:
    """Remember where a folder's files come from."""
    remember(folder / STATE, state)


def faults(folder: Path, files: Iterable[LocalFile]) -> list[str]:
    """Compare files with what is remembered of them, and say in words what differs."""
    # Hashing lets other threads run.
    with ThreadPoolExecutor(4, "check") as pool:
        found = pool.map(lambda file: fault_of(folder / file.name, file), files)
        return [fault for fault in found if fault]


def fault_of(path: Path, file: LocalFile) -> str | None:
    """Compare one file."""
    return mismatch(path, file.size, *parse_checksum(file.checksum))


def remembered(folder: Path, name: str) -> LocalFile:
    """Describe a file as it lies here now."""
    path = folder / name
    return LocalFile(
        name=name, size=path.stat().st_size, checksum=f"sha256:{checksum(path, 'sha256')}"
    )


def here(target: Target, folder: Path, state: State | None) -> LocalFile | None:
    """Describe a target's file, if it lies here already."""
    if target.views is None:
        file = _as_sent(target)
        return None if fault_of(folder / target.name, file) else file
    parts = _parts_of(target)
    for known in state.files if state else ():
        same = known.name == target.name and (known.made_from, known.views) == parts
        if same and not fault_of(folder / target.name, known):
            return known
    return None


def made(target: Target, folder: Path) -> LocalFile:
    """Describe a target's file that has just been made."""
    if target.views is None:
        return _as_sent(target)
    made_from, views = _parts_of(target)
    update = {"made_from": made_from, "views": views}
    return remembered(folder, target.name).model_copy(update=update)


def _as_sent(target: Target) -> LocalFile:
    (file,) = target.files
    return LocalFile(name=target.name, size=file.size, checksum=str(file.checksum))


def _parts_of(target: Target) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """List the checksums of the files that a target is made from, and the views that it takes."""
    checksums = tuple(str(file.checksum) for file in target.files)
    return checksums, tuple(view for views in target.views or () for view in views)
