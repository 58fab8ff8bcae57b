"""Checking a dataset shard by shard: as much memory as a run of rows of one view needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.compatible import differences
from rs3l_data.describe.schema import INITIATORS, is_later
from rs3l_data.errors import InputFileError
from rs3l_data.integrity.census import Census
from rs3l_data.integrity.digests import Digests
from rs3l_data.integrity.findings import Findings, Place
from rs3l_data.integrity.jets import check_view
from rs3l_data.integrity.manifest import check_file, check_totals
from rs3l_data.integrity.parts import Parts
from rs3l_data.integrity.rows import check_decays, check_rows, check_weights
from rs3l_data.integrity.runs import Runs
from rs3l_data.integrity.structure import check_structure
from rs3l_data.progress import Progress, Style
from rs3l_data.store.hdf5 import reading
from rs3l_data.store.manifest import MANIFEST_NAME, read_manifest
from rs3l_data.store.row_sum import RowSum, initiator_hashes, view_sum
from rs3l_data.store.shard import Shard, open_shard
from rs3l_data.store.tables import Initiators

_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class _Whole:
    """What all files so far add up to."""

    parts: Parts
    digests: Digests | None
    census: Census = field(default_factory=Census)
    runs: Runs = field(default_factory=Runs)


def validate(
    path: Path, at_most: int = 10, with_digest: bool = True, style: Style = "auto"
) -> Findings:
    """Check every promise that docs/format.md makes of a dataset.

    Parameters
    ----------
    path
        A dataset's folder, its `dataset.json`, or one shard, which has no manifest to be compared
        with.
    at_most
        How many violations of each kind are kept in full; all are counted.
    with_digest
        Whether the content's digest, and the sums that shards carry for it, are compared too.
    style
        How progress through a dataset's shards is told.

    Raises
    ------
    InputFileError
        If this is no dataset at all: nothing there, no HDF5 file, no manifest of ours.
    """
    findings = Findings(at_most)
    if path.is_dir() or path.suffix == ".json":
        folder = path if path.is_dir() else path.parent
        manifest = read_manifest(path / MANIFEST_NAME if path.is_dir() else path)
        digests = _digests(manifest["format_version"], findings) if with_digest else None
        whole = _Whole(Parts(manifest["views"]), digests)
        _check_folder(folder, manifest, whole, findings, style)
        # Of content that breaks another promise, the digest says nothing new.
        if digests is not None and findings.counts.total() == findings.counts["digest"]:
            digests.check(folder, manifest, findings)
    else:
        # Whether it is a shard at all is not a promise broken but a wrong file.
        shard = open_shard(path)
        digests = _digests(shard.format_version, findings) if with_digest else None
        whole = _Whole(Parts(shard.views), digests)
        _check_shard(shard, {"path": path.name}, whole, findings)
    return findings


def _digests(format_version: str, findings: Findings) -> Digests | None:
    if not is_later(format_version):
        return Digests()
    findings.leave_out(
        f"the digest: rows of format version {format_version} have columns that are not known here"
    )
    return None


def _check_folder(
    folder: Path,
    manifest: dict[str, Any],
    whole: _Whole,
    findings: Findings,
    style: Style,
) -> None:
    first: Shard | None = None
    complete = True
    with Progress("validate", len(manifest["files"]), "shards", style) as bar:
        for done, entry in enumerate(manifest["files"], 1):
            # HDF5 may crash on damaged bytes; a file that is not the one described stays closed.
            sound = check_file(folder, entry, findings)
            shard = _opened(folder, entry, findings) if sound else None
            if shard is None:
                complete = False
                findings.leave_out(f"the content of {folder / entry['path']}: the file is damaged")
            else:
                first = first or shard
                _check_belongs(shard, entry, first, manifest, findings)
                complete &= _check_shard(shard, entry, whole, findings)
            bar(done)
    whole.runs.check(findings)
    if complete:
        whole.parts.check_complete(folder, findings)
        check_totals(folder, manifest, whole.census, findings)
    else:
        findings.leave_out("the manifest's totals: not every file could be read")


def _opened(folder: Path, entry: dict[str, Any], findings: Findings) -> Shard | None:
    path = folder / entry["path"]
    try:
        return open_shard(path)
    except InputFileError as error:
        findings.add("structure", str(path), "", error, "a shard that can be opened")
        return None


def _check_belongs(
    shard: Shard,
    entry: dict[str, Any],
    first: Shard,
    manifest: dict[str, Any],
    findings: Findings,
) -> None:
    """Check that a shard is of the dataset that the manifest describes."""
    file = str(shard.path)
    if shard.format_version != first.format_version:
        expected = f"{first.format_version}, as in {first.path.name}"
        findings.add("version", file, "attribute format_version", shard.format_version, expected)
    # Of other processes a shard says what was meant when it was packed.
    held = [process for process, count in entry["n_events"].items() if count]
    for key in differences(shard.attributes["config"], manifest["config"], held):
        expected = "the same value as in the manifest"
        findings.add("config", file, f"attribute config: {key}", "another value", expected)


def _check_shard(shard: Shard, entry: dict[str, Any], whole: _Whole, findings: Findings) -> bool:
    """Check one file; returns whether all of it could be read and counted."""
    place = Place(findings, str(shard.path), "")
    try:
        before = findings.counts.total()
        with reading(shard.path, "shard") as file:
            check_structure(file, shard, place)
        if findings.counts.total() > before:
            findings.leave_out(f"the values of {shard.path}: its structure is not as it should be")
            return False
        _check_values(shard, entry, whole, place)
    except InputFileError as error:
        findings.add("structure", str(shard.path), "", error, "a shard that can be read")
        return False
    return True


def _check_values(shard: Shard, entry: dict[str, Any], whole: _Whole, place: Place) -> None:
    before = place.findings.counts.total()
    rows = np.arange(shard.n_rows)
    columns = shard.read_initiators(rows, [column.name for column in INITIATORS])
    check_rows(columns, shard, place)
    offsets, decays = shard.read_decays(rows)
    check_decays(decays, np.repeat(rows, np.diff(offsets)), place)
    weights = shard.read_weights(rows)
    if weights is not None:
        check_weights(weights.values, place)
    rows_are_new = whole.parts.add(entry, shard, place.findings)
    if rows_are_new:
        whole.runs.add(shard, columns)
    hashes = None
    if whole.digests is not None:
        initiators = Initiators(columns, decays, offsets)
        hashes = initiator_hashes(initiators, shard.processes, shard.labels, weights)
    sums, present = {}, {}
    for view in shard.views:
        sums[view], present[view] = RowSum(), np.empty(shard.n_rows, bool)
        for start in range(0, shard.n_rows, _BLOCK):
            part = slice(start, start + _BLOCK)
            table = shard.read_view(view, rows[part])
            check_view(table, shard.attributes, place.at(f"/views/{view}", start))
            present[view][part] = table.jets["present"]
            if hashes is not None:
                sums[view] += view_sum(view, hashes[part], table)
    whole.census.count(entry["path"], shard, columns, present, rows_are_new)
    # Of values that break a promise, the sum says nothing new.
    if whole.digests is not None and place.findings.counts.total() == before:
        for view, total in sums.items():
            whole.digests.add(shard, view, total, place)
