"""A dataset as a record: shards, manifest, checksums, card and metadata in one flat folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rs3l_data.describe.publication import Publication
from rs3l_data.errors import InputFileError, StorageError
from rs3l_data.progress import Progress, Style
from rs3l_data.record.card import card
from rs3l_data.record.layout import LAYOUT, Layout, check_layout
from rs3l_data.record.memory import remember
from rs3l_data.record.metadata import datacite, zenodo
from rs3l_data.record.names import CHECKSUM_FILES, fault_of
from rs3l_data.record.plan import MOST_FILES, OUR_FILES, check_size, n_shards
from rs3l_data.record.repack import bytes_of_processes, repack
from rs3l_data.record.subset import manifest_of
from rs3l_data.store.atomic import write_whole
from rs3l_data.store.checksums import checksum, checksums
from rs3l_data.store.digest import digest
from rs3l_data.store.folder import new_folder
from rs3l_data.store.manifest import (
    MANIFEST_NAME,
    damaged_files,
    read_manifest,
    write_manifest,
)
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.reader import Dataset
from rs3l_data.store.row_sum import ALGORITHM
from rs3l_data.store.views import copy_views

METADATA = ".zenodo.json"


def publish(
    dataset: Path, folder: Path, about: Publication, layout: Layout, progress: Style = "auto"
) -> dict[str, Any]:
    """Make a record of a dataset; the folder appears when it is complete.

    Shards are copied as they are where each holds one process and a record takes so many;
    otherwise the rows are written into others, and the digest of the content stays the same.

    Returns
    -------
    dict
        The record's manifest.

    Raises
    ------
    InputFileError
        If the dataset is damaged, its format version too old for what is asked, or files of the
        record would have names that not every system can hold.
    ConfigError
        If the record would be larger than an archive takes.
    StorageError
        If there is something in the folder, or it cannot be written.
    """
    manifest = read_manifest(dataset / MANIFEST_NAME)
    if faults := damaged_files(dataset, manifest):
        raise InputFileError("\n".join([f"{dataset}: not as its manifest says:", *faults]))
    with new_folder(folder) as place:
        if layout.keeps_files and _suits(manifest):
            record = _copied(dataset, manifest, place)
        else:
            record = _repacked(open_dataset(dataset), manifest, place, layout, progress)
        check_size(sum(file["bytes"] for file in record["files"]))
        _describe(place, record, about)
        remember(place / LAYOUT, layout)
    return record


def describe_again(dataset: Path, folder: Path, about: Publication, layout: Layout) -> None:
    """Write anew what people say of a record that exists; its data files stay.

    Raises
    ------
    InputFileError
        If the folder is no whole record of the dataset.
    ConfigError
        If the layout is another than the record's.
    StorageError
        If a file cannot be written.
    """
    record, source = read_manifest(folder / MANIFEST_NAME), read_manifest(dataset / MANIFEST_NAME)
    if source["digest"] not in (record["digest"], record.get("part_of", record)["digest"]):
        raise InputFileError(f"{folder}: a record, but not of {dataset}; remove it")
    if faults := damaged_files(folder, record):
        raise InputFileError("\n".join([f"{folder}: damaged; remove it:", *faults]))
    check_layout(folder, layout)
    _describe(folder, record, about)


def _suits(manifest: Mapping[str, Any]) -> bool:
    """Say whether a dataset's own files make a good record."""
    files = manifest["files"]
    one_process = all(sum(n > 0 for n in file["n_events"].values()) == 1 for file in files)
    flat = all("/" not in file["path"] for file in files)
    return one_process and flat and len(files) + OUR_FILES <= MOST_FILES


def _copied(dataset: Path, manifest: dict[str, Any], place: Path) -> dict[str, Any]:
    _require_names(file["path"] for file in manifest["files"])
    for name in (MANIFEST_NAME, *(file["path"] for file in manifest["files"])):
        shutil.copyfile(dataset / name, place / name)
    if faults := damaged_files(place, manifest):
        raise StorageError("\n".join(["copied, but not as they were:", *faults]))
    return manifest


def _repacked(
    whole: Dataset, manifest: Mapping[str, Any], place: Path, layout: Layout, style: Style
) -> dict[str, Any]:
    chosen = whole.select(processes=layout.processes or None, views=layout.views or None)
    endings = [f".{view}.h5" for view in chosen.views] if layout.by_view else [".h5"]
    pieces = n_shards(bytes_of_processes(chosen), layout.shard_bytes, len(endings))
    _require_names(f"{process}-0000{ending}" for process in pieces for ending in endings)
    with Progress("publish", len(chosen), "rows", style) as bar:
        shards = repack(chosen, pieces, place, bar)
    record = manifest_of(manifest, shards, place)
    whole_rows = not (layout.processes or layout.views)
    if whole_rows and digest(open_dataset(shards)) != _digest_of(whole, manifest):
        raise StorageError(f"{place}: the rows are not those of the dataset after they were copied")
    if layout.by_view:
        record = {**record, "files": list(_by_view(record["files"], place))}
    write_manifest(place, record)
    return record


def _require_names(names: Iterable[str]) -> None:
    if fault := fault_of(names):
        raise InputFileError(
            f"the record would have {fault}; make the dataset with other names of its processes, "
            "views and files"
        )


def _digest_of(whole: Dataset, manifest: Mapping[str, Any]) -> str:
    """Give a dataset's digest: its manifest's, unless an older version wrote that."""
    known = manifest.get("digest_algorithm") == ALGORITHM
    return str(manifest["digest"]) if known else digest(whole)


def _by_view(files: Sequence[Mapping[str, Any]], place: Path) -> Iterator[dict[str, Any]]:
    """Cut each shard into one file for each view."""
    for file in files:
        shard = place / file["path"]
        for view in open_dataset(shard).views:
            part = shard.with_name(f"{shard.stem}.{view}.h5")
            copy_views([(shard, [view])], part)
            yield {
                **file,
                "path": part.name,
                "bytes": part.stat().st_size,
                **checksums(part)._asdict(),
                "shard": shard.name,
                "views": [view],
            }
        shard.unlink()


def _describe(place: Path, record: Mapping[str, Any], about: Publication) -> None:
    """Write what stands beside the shards and the manifest."""
    write_whole(place / "README.md", card(about, record))
    for name, content in (
        (METADATA, zenodo(about, record)),
        ("datacite.json", datacite(about, record)),
    ):
        write_whole(place / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    known = {file["path"]: file for file in record["files"]}
    there = {path.name for path in place.iterdir() if path.is_file() and path.name[0] != "."}
    for algorithm, own in CHECKSUM_FILES.items():
        lines = [
            f"{known[n][algorithm] if n in known else checksum(place / n, algorithm)}  {n}\n"
            for n in sorted(there - {*CHECKSUM_FILES.values()})
        ]
        write_whole(place / own, "".join(lines))
