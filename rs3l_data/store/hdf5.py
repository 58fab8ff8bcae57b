"""Our HDF5 files: how every kind of them is created, opened and checked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import h5py
import hdf5plugin  # noqa: F401 - without it HDF5 cannot read what Blosc2 compressed

from rs3l_data.describe.schema import FORMAT, FORMAT_VERSION
from rs3l_data.errors import ConfigError, DamagedFileError, InputFileError, why_not_opened
from rs3l_data.store import seal
from rs3l_data.store.atomic import atomic_write, require_writable
from rs3l_data.store.disk import Disk
from rs3l_data.store.faults import why_not_read

Kind = Literal["shard", "view", "hard", "pileup", "embedding"]

# Blosc2's filter would start a thread for each core of the machine, anew for each chunk, which
# takes several times as long as to compress a chunk.
os.environ.setdefault("BLOSC_NTHREADS", "1")

# Any HDF5 since 1.10 (2016) reads this, and small datasets take a fraction of the old overhead.
_LIBVER = ("v110", "v110")
# Chunks are written whole, and read once: in HDF5's cache they would only fill fresh memory.
_NO_CACHE = {"rdcc_nbytes": 0}
# What h5py raises at the faults of a file: fuzzing has seen them all.
_DAMAGE = (
    *(OSError, RuntimeError, KeyError, ValueError, TypeError),
    *(AttributeError, IndexError, OverflowError, MemoryError),
)
_AGAIN = "fetch or make the file again"


@contextmanager
def create(
    path: Path, kind: Kind, attributes: Mapping[str, Any], format_version: str = FORMAT_VERSION
) -> Iterator[h5py.File]:
    """Create a file that appears at ``path`` when the block ends well.

    Parameters
    ----------
    attributes
        Anything that JSON can hold; each becomes a root attribute that holds it as JSON.
    format_version
        Another than the newest for what was read from files of an older one.

    Raises
    ------
    ConfigError
        If it would take the place of another kind of file.
    StorageError
        If the file cannot be written.
    """
    with creating(path, kind, attributes, format_version) as (file, _):
        yield file


@contextmanager
def creating(
    path: Path, kind: Kind, attributes: Mapping[str, Any], format_version: str = FORMAT_VERSION
) -> Iterator[tuple[h5py.File, Disk]]:
    """Create a file as `create` does, little by little: ask the disk now and then.

    Yields
    ------
    The open file, and the disk below it, whose `check` tells that something was not written.
    """
    require_replaceable(path, kind)
    with atomic_write(path) as temporary, temporary.open("w+b") as raw:
        disk = Disk(raw)
        before = seal.SIZE if kind == "shard" else 0
        try:
            with h5py.File(disk, "w", libver=_LIBVER, userblock_size=before, **_NO_CACHE) as file:
                file.attrs["format"] = FORMAT
                file.attrs["format_version"] = format_version
                file.attrs["kind"] = kind
                for name in sorted(attributes):
                    file.attrs[name] = json.dumps(attributes[name], ensure_ascii=False)
                yield file, disk
        finally:
            disk.check()
        if kind == "shard":
            seal.seal(raw)


def require_place(path: Path, kind: Kind) -> None:
    """Check, before the work for it, that `create` can put a file there.

    Raises
    ------
    ConfigError
        If it would take the place of another kind of file.
    StorageError
        If nothing can be written there.
    """
    require_replaceable(path, kind)
    require_writable(path)


def require_replaceable(path: Path, kind: Kind | None) -> None:
    """Check that a file to be written takes the place of none but its own kind.

    Parameters
    ----------
    kind
        None: an HDF5 file in the layout of another program.

    Raises
    ------
    ConfigError
        If there is another file at ``path``, which would be lost.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    if h5py.is_hdf5(path):
        found = None
        try:
            with h5py.File(path, locking=False) as file:
                found = file.attrs.get("kind") if file.attrs.get("format") == FORMAT else None
        except _DAMAGE as error:
            # What another program is writing to, or was, can be opened or mended later.
            if "already open for write" not in str(error):
                return  # nothing is lost
        if found == kind:
            return
    raise ConfigError(
        f"{path}: is there, and no file of the kind that is written here ({kind or 'HDF5'}): it"
        " would be lost; choose another name, or remove it"
    )


@contextmanager
def reading(path: Path, kind: Kind) -> Iterator[h5py.File]:
    """Open a file of one of our kinds; a fault of HDF5 in the block is a damaged file.

    Raises
    ------
    InputFileError
        If the file is missing, foreign, of another kind or of another major format version.
    DamagedFileError
        If it is no HDF5 or truncated, or if something in it is missing.
    MemoryError
        If there is no room for what is read.
    """
    with reopening(path) as file:
        _check_format(file, path, kind)
        yield file


@contextmanager
def reopening(path: Path) -> Iterator[h5py.File]:
    """Open a file as `reading` does, without asking again what it is.

    That takes twice as long as to open it, or as to read a hundred jets.
    """
    with _opened(path) as file:
        try:
            yield file
        except _DAMAGE as error:
            if lost := why_not_read(path, error):
                raise InputFileError(lost) from error
            # NumPy's words for arrays that were checked before; HDF5 has others, for sizes that it
            # has read in damaged metadata.
            if isinstance(error, MemoryError) and "Unable to allocate" in str(error):
                raise MemoryError(f"{path}: {error}; read fewer rows at once") from None
            fault = str(error) or type(error).__name__
            raise DamagedFileError(f"{path}: damaged: {fault}; {_AGAIN}") from error


def datasets_in(group: h5py.Group) -> list[h5py.Dataset]:
    """List the datasets of a group and of all groups below it."""
    items: list[h5py.Group | h5py.Dataset] = []
    group.visititems(lambda _, item: items.append(item))
    return [item for item in items if isinstance(item, h5py.Dataset)]


def read_attributes(file: h5py.File) -> dict[str, Any]:
    """Read the root attributes that `create` was given.

    Raises
    ------
    ValueError
        If one is no text that holds JSON.
    """
    own = ("format", "format_version", "kind")
    return {name: read_json(file, name) for name in file.attrs if name not in own}


def read_json(place: h5py.Group, name: str) -> Any:
    """Read an attribute that holds JSON.

    Raises
    ------
    ValueError
        If it is missing, or no text that holds JSON.
    """
    text = place.attrs.get(name)
    if not isinstance(text, str):
        raise ValueError(f"attribute '{name}': found {type(text).__name__}, expected text in JSON")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"attribute '{name}': no JSON: {error}") from None


def read_names(attributes: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Give an attribute that lists names, each of which can be the name of a group.

    Raises
    ------
    ValueError
        If it is no such list, or a name comes twice.
    """
    names = attributes.get(name)
    if not isinstance(names, list) or not all(map(_is_name, names)):
        raise ValueError(f"attribute '{name}': found {names!r:.200}, expected a list of names")
    if len(set(names)) < len(names):
        raise ValueError(f"attribute '{name}': a name comes twice in {names!r:.200}")
    return tuple(names)


def _is_name(name: Any) -> bool:
    # A name of a group may become one of a folder.
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & {"/", "\0"}


def _opened(path: Path) -> h5py.File:
    try:
        # Our files never change, so a lock has no use, and some cluster file systems refuse it.
        return h5py.File(path, "r", locking=False, **_NO_CACHE)
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise InputFileError(why_not_opened(path, error)) from None
    except OSError as error:
        if path.is_dir():
            raise InputFileError(f"{path}: a folder, expected an HDF5 file") from None
        if lost := why_not_read(path, error):
            raise InputFileError(lost) from None
        if h5py.is_hdf5(path):
            raise DamagedFileError(f"{path}: truncated or damaged: {error}; {_AGAIN}") from None
        raise DamagedFileError(f"{path}: not an HDF5 file, or its beginning is damaged") from None


def _check_format(file: h5py.File, path: Path, kind: Kind) -> None:
    attributes = file.attrs
    found = attributes.get("format")
    if not isinstance(found, str) or found != FORMAT:
        raise InputFileError(
            f"{path}: an HDF5 file, but not of ours: the root attribute 'format' is {found!r}, "
            f"expected {FORMAT!r}; if it was one, {_AGAIN}"
        )
    check_version(str(attributes.get("format_version")), path)
    of_kind = str(attributes.get("kind"))
    if of_kind != kind:
        raise InputFileError(
            f"{path}: expected a file of kind '{kind}', found '{of_kind}'; if it was one, {_AGAIN}"
        )


def check_version(found: str, path: Path) -> None:
    """Accept every version with our major number.

    Raises
    ------
    InputFileError
        If it is no version, or the major number is another.
    """
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}", found, re.ASCII):
        raise InputFileError(
            f"{path}: format version '{found:.40}', expected two numbers as 1.1; {_AGAIN}"
        )
    if found.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise InputFileError(
            f"{path}: format version {found}, and this package reads {FORMAT_VERSION}; "
            "install the version of rs3l that wrote it"
        )
