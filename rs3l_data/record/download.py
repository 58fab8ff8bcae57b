"""A record, or a part of it, from an archive into a folder."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rs3l_data.errors import ConfigError, InputFileError, StorageError, TransferError
from rs3l_data.progress import Progress, Style
from rs3l_data.record.address import Address
from rs3l_data.record.client import Client
from rs3l_data.record.listing import Record, RemoteFile, read_record
from rs3l_data.record.local import (
    State,
    faults,
    here,
    made,
    read_state,
    remembered,
    write_state,
)
from rs3l_data.record.names import CHECKSUM_FILES, PARTS
from rs3l_data.record.selection import Selection, Target, targets
from rs3l_data.record.subset import manifest_of
from rs3l_data.record.transfer import arrived, fetch
from rs3l_data.store.alone import alone
from rs3l_data.store.atomic import settle
from rs3l_data.store.checksums import mismatch
from rs3l_data.store.manifest import MANIFEST_NAME, read_manifest, write_manifest
from rs3l_data.store.views import copy_views

logger = logging.getLogger(__name__)

_MB = 1_000_000
_LARGEST_MANIFEST = 256 * _MB


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download came to."""

    folder: Path
    title: str
    doi: str
    files: int
    """That lie in the folder now"""
    fetched: int
    """Of them, those that were not there before"""
    bytes: int
    """That came over the network"""


def download(
    address: Address,
    folder: Path,
    selection: Selection | None = None,
    client: Client | None = None,
    threads: int = 4,
    progress: Style = "auto",
) -> Downloaded:
    """Bring a record into a folder: what is missing of it, each file verified.

    Files appear under their names when their size and checksum are those of the record. What has
    arrived of others is kept in a hidden folder, and continued by the next call. Where all is here
    already, no server is asked.

    Parameters
    ----------
    threads
        How many files come at once.

    Raises
    ------
    ConfigError
        If the selection does not fit the record, or the folder holds another one.
    TransferError
        If the server refuses, fails for good, or sends something else than it announced.
    StorageError
        If the files do not fit on the disk, or cannot be written.
    """
    selection, client = selection or Selection(), client or Client()
    before = read_state(folder)
    if done := _done(before, address, folder, selection):
        return done
    with alone(folder):
        state = read_state(folder)
        # Another download may have ended meanwhile; else all files would be read once more.
        if state != before and (done := _done(state, address, folder, selection)):
            return done
        return _download(state, address, folder, selection, client, threads, progress)


def _done(
    state: State | None, address: Address, folder: Path, selection: Selection
) -> Downloaded | None:
    """Tell what is there, if it is all that is asked for."""
    if state is not None and not state.has_record(address):
        raise ConfigError(
            f"{folder}: holds files of {state.base}/records/{state.number}; choose another folder "
            f"for {address.base}/records/{address.number}"
        )
    if state is not None and state.is_of(address, selection) and not _told(folder, state):
        return Downloaded(folder, state.title, state.doi, len(state.files), 0, 0)
    return None


def _download(
    state: State | None,
    address: Address,
    folder: Path,
    selection: Selection,
    client: Client,
    threads: int,
    progress: Style,
) -> Downloaded:
    record = read_record(client, address)
    manifest = _manifest(record, folder, client)
    wanted, is_whole = targets(record.files, manifest, selection)
    known = {target.name: here(target, folder, state) for target in wanted}
    missing = [target for target in wanted if known[target.name] is None]
    if state is None:
        _check_foreign(folder, [target.name for target in missing], manifest)
    _check_space(missing, folder)
    received = _fetch_all(missing, folder, client, threads, progress)
    files = [known[target.name] or made(target, folder) for target in wanted]
    if manifest is not None and not is_whole and any(target.is_shard for target in wanted):
        shards = [folder / target.name for target in wanted if target.is_shard]
        write_manifest(folder, manifest_of(manifest, shards, folder))
        files.append(remembered(folder, MANIFEST_NAME))
        # They tell of the whole record, as the last choice had it perhaps.
        for name in CHECKSUM_FILES.values():
            (folder / name).unlink(missing_ok=True)
    write_state(
        folder,
        State(
            base=record.address.base,
            asked=address.number,
            number=record.address.number,
            title=record.title,
            doi=record.doi,
            selection=selection,
            files=tuple(files),
        ),
    )
    shutil.rmtree(folder / PARTS, ignore_errors=True)
    return Downloaded(folder, record.title, record.doi, len(files), len(missing), received)


def _check_foreign(folder: Path, names: Sequence[str], manifest: dict[str, Any] | None) -> None:
    """Refuse a folder with other files of these names, which no download has left there.

    Raises
    ------
    ConfigError
        Naming the first.
    """
    own = [folder / name for name in names if manifest is None or name != MANIFEST_NAME]
    if manifest is not None and not _is_manifest(folder / MANIFEST_NAME, manifest):
        own.append(folder / MANIFEST_NAME)
    for path in own:
        if path.exists():
            raise ConfigError(
                f"{path}: is there already, and not as the record has it; choose another folder, or"
                " move it away"
            )


def _is_manifest(path: Path, manifest: dict[str, Any]) -> bool:
    """Tell whether a file is a record's manifest, or that of a part of it."""
    try:
        found = json.loads(path.read_bytes())
        of_whole = found.get("part_of", found)["digest"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return bool(of_whole == manifest["digest"])


def _told(folder: Path, state: State) -> list[str]:
    """Say what is wrong with the local files."""
    found = faults(folder, state.files)
    for fault in found:
        logger.warning("%s; fetching it again", fault)
    return found


def _manifest(record: Record, folder: Path, client: Client) -> dict[str, Any] | None:
    """Fetch the record's own description of its files, if it is one of ours."""
    file = next((file for file in record.files if file.name == MANIFEST_NAME), None)
    if file is None:
        return None
    if file.size > _LARGEST_MANIFEST:
        raise TransferError(f"{file.url}: {file.size} bytes are no manifest")
    path = folder / MANIFEST_NAME
    if mismatch(path, file.size, *file.checksum):
        # It is a target like the others, so it stays among the parts and is not fetched twice.
        path = fetch(file, _parts(folder), client, lambda _: None)
    try:
        is_ours = json.loads(path.read_bytes()).get("format") == "rs3l"
    except (ValueError, AttributeError):
        is_ours = False
    try:
        return read_manifest(path) if is_ours else None
    except InputFileError as error:
        # The server's fault, in a file that has another name here.
        found = str(error).replace(str(path), f"{MANIFEST_NAME} of the record")
        raise TransferError(found) from None


def _parts(folder: Path) -> Path:
    path = folder / PARTS
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be made: {error.strerror}; choose another folder"
        ) from None
    return path


def _check_space(missing: Sequence[Target], folder: Path) -> None:
    """Refuse to begin what cannot end."""
    parts = _parts(folder)
    files = [file for target in missing for file in target.files]
    needed = sum(file.size - arrived(file, parts) for file in files)
    # A shard that is rewritten lies there twice for a moment.
    needed += max((sum(f.size for f in t.files) for t in missing if t.views), default=0)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"{folder}: {needed / _MB:.0f} MB are to come, and {free / _MB:.0f} MB are free; make "
            "room, choose another folder, or fewer processes or shards"
        )


def _fetch_all(
    missing: Sequence[Target], folder: Path, client: Client, threads: int, style: Style
) -> int:
    """Make all missing files, several at once; returns the bytes that came."""
    total = sum(file.size for target in missing for file in target.files)
    parts = _parts(folder)
    already = sum(arrived(file, parts) for target in missing for file in target.files)
    with Progress("download", -(-total // _MB), "MB", style) as bar:
        count = _counter(lambda done: bar(done // _MB if done < total else -(-total // _MB)))
        pool = ThreadPoolExecutor(threads, "download")
        try:
            jobs = [pool.submit(_make, target, folder, client, count) for target in missing]
            for job in as_completed(jobs):
                job.result()
        except (KeyboardInterrupt, SystemExit) as end:
            # A SystemExit is what SIGTERM makes. The command line tells the note.
            end.add_note(f"{folder} keeps what has arrived, and the same command goes on there")
            raise
        finally:
            client.stop.set()
            pool.shutdown(cancel_futures=True)
            client.stop.clear()
    return total - already


def _counter(tell: Callable[[int], None]) -> Callable[[int], None]:
    """Add up what several threads have received."""
    lock = threading.Lock()
    done = 0

    def count(more: int) -> None:
        nonlocal done
        with lock:
            done += more
            tell(done)

    return count


def _make(target: Target, folder: Path, client: Client, count: Callable[[int], None]) -> None:
    """Fetch what a file is made of, and make it."""
    fetched: Mapping[RemoteFile, Path] = {
        file: fetch(file, _parts(folder), client, count) for file in target.files
    }
    place = folder / target.name
    if target.views is None:
        settle(fetched[target.files[0]], place)
        return
    copy_views(
        [(fetched[f], views) for f, views in zip(target.files, target.views, strict=True)], place
    )
    for part in fetched.values():
        part.unlink()
