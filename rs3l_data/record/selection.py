"""Which files of a record are wanted, and what becomes of them here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field

from rs3l_data.describe.strict import Strict, nearest
from rs3l_data.errors import ConfigError, TransferError
from rs3l_data.record.listing import RemoteFile
from rs3l_data.record.names import CHECKSUM_FILES, check_names
from rs3l_data.store.contents import FileEntry, Manifest
from rs3l_data.store.manifest import MANIFEST_NAME


class Selection(Strict):
    """What to take of a record; everything where nothing is said."""

    files: tuple[str, ...] = Field((), description="Names, with * and ? for any characters.")
    processes: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    shards: int | None = Field(None, gt=0, description="Only the first N shards of each process.")

    @property
    def of_the_dataset(self) -> bool:
        """Whether it speaks of what only a dataset of ours has."""
        return bool(self.processes or self.views or self.shards)


@dataclass(frozen=True, slots=True)
class Target:
    """A file that shall lie here, and what it is made from."""

    name: str
    files: tuple[RemoteFile, ...]
    views: tuple[tuple[str, ...], ...] | None = None
    """Of each of the files, the views that are taken; None: the one file as it is"""
    is_shard: bool = False


def targets(
    files: Sequence[RemoteFile], manifest: Mapping[str, Any] | None, selection: Selection
) -> tuple[list[Target], bool]:
    """Say which files to make from which, and whether they are the whole record as it is.

    Parameters
    ----------
    manifest
        The record's `dataset.json` as `read_manifest` gives it, if it has one.

    Raises
    ------
    ConfigError
        If the selection does not fit the record.
    TransferError
        If the names of the record's files are not fit for use, or its manifest contradicts them.
    """
    if manifest is None:
        if selection.of_the_dataset:
            raise ConfigError(
                f"the record has no {MANIFEST_NAME}, so processes, views and shards cannot be "
                f"chosen; choose files: {_listed(files)}"
            )
        chosen = [Target(file.name, (file,)) for file in _matching(files, selection)]
        check_names(target.name for target in chosen)
        return chosen, not selection.files
    said = Manifest.model_validate(manifest)
    entries = said.files
    by_name = _checked(files, entries)
    views = _views(said.views, selection)
    shards = [
        target
        for name, parts in _wanted(entries, said.processes, selection).items()
        if (target := _shard(name, parts, by_name, views, selection))
    ]
    is_whole = not selection.files and not selection.of_the_dataset
    is_whole &= all(target.views is None for target in shards)
    untrue = () if is_whole else (MANIFEST_NAME, *CHECKSUM_FILES.values())
    others = [
        Target(file.name, (file,))
        for file in _matching(files, selection)
        if file.name not in {entry.path for entry in entries}
        and (file.name not in untrue or (selection.files and not shards))
    ]
    chosen = [*others, *shards]
    if not chosen:
        raise ConfigError(f"the selection leaves nothing of the record's {_listed(files)}")
    check_names(target.name for target in chosen)
    return chosen, is_whole


def _checked(files: Sequence[RemoteFile], entries: Sequence[FileEntry]) -> dict[str, RemoteFile]:
    by_name = {file.name: file for file in files}
    for entry in entries:
        check_names([entry.shard or entry.path])
        file = by_name.get(entry.path)
        if file is None:
            raise TransferError(f"{MANIFEST_NAME} lists {entry.path!r}, which the record lacks")
        said = {"md5": entry.md5, "sha256": entry.sha256}[file.checksum.algorithm]
        if (file.size, file.checksum.value) != (entry.bytes, said):
            raise TransferError(
                f"{entry.path}: the archive says {file.size} bytes, {file.checksum}, but "
                f"{MANIFEST_NAME} says {entry.bytes} bytes, {said}; the record contradicts itself"
            )
    return by_name


def _views(there: Sequence[str], selection: Selection) -> tuple[str, ...]:
    for view in selection.views:
        if view not in there:
            raise ConfigError(f"no view '{view}' in the record; {nearest(view, there)}")
    return tuple(dict.fromkeys(selection.views)) or tuple(there)


def _wanted(
    entries: Sequence[FileEntry], known: Collection[str], selection: Selection
) -> dict[str, list[FileEntry]]:
    """Choose shards by process and number; several entries may be parts of one."""
    for process in selection.processes:
        if process not in known:
            raise ConfigError(f"no process '{process}' in the record; {nearest(process, known)}")
    shards: dict[str, list[FileEntry]] = {}
    for entry in entries:
        shards.setdefault(entry.shard or entry.path, []).append(entry)
    taken = dict.fromkeys(selection.processes or known, 0)
    limit = selection.shards or len(shards)
    wanted = {}
    for name, parts in shards.items():
        inside = [p for p, n in parts[0].n_events.items() if n and p in taken and taken[p] < limit]
        if inside or not (selection.processes or selection.shards):
            wanted[name] = parts
        for process in inside:
            taken[process] += 1
    return wanted


def _shard(
    name: str,
    parts: Sequence[FileEntry],
    files: Mapping[str, RemoteFile],
    views: tuple[str, ...],
    selection: Selection,
) -> Target | None:
    chosen = [
        (files[part.path], inside)
        for part in parts
        if (inside := tuple(view for view in views if part.views is None or view in part.views))
        and _matches(part.path, selection)
    ]
    if not chosen:
        return None
    as_it_is = not selection.views and parts[0].shard is None
    remote, of_each = zip(*chosen, strict=True)
    return Target(name, remote, None if as_it_is else of_each, is_shard=True)


def _matching(files: Sequence[RemoteFile], selection: Selection) -> list[RemoteFile]:
    for pattern in selection.files:
        if not any(fnmatchcase(file.name, pattern) for file in files):
            raise ConfigError(
                f"no file of the record is called '{pattern}'; it has {_listed(files)}"
            )
    return [file for file in files if _matches(file.name, selection)]


def _matches(name: str, selection: Selection) -> bool:
    return not selection.files or any(fnmatchcase(name, each) for each in selection.files)


def _listed(files: Sequence[RemoteFile]) -> str:
    names = [file.name for file in files]
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
