"""Whether a manifest says of its files and of their content what is true."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rs3l_data.integrity.census import Census
from rs3l_data.integrity.findings import Findings
from rs3l_data.store.checksums import checksums
from rs3l_data.store.contents import has_rows_of_all
from rs3l_data.store.manifest import MANIFEST_NAME

_WEIGHTS_TOLERANCE = 1e-6


def check_file(folder: Path, entry: Mapping[str, Any], findings: Findings) -> bool:
    """Compare one file with its entry: size, SHA-256, MD5.

    Returns
    -------
    Whether its bytes are those that the manifest describes.
    """
    path = folder / entry["path"]
    if not path.is_file():
        findings.add("file", str(path), "", "no file", f"{entry['bytes']} bytes")
        return False
    size = path.stat().st_size
    if size != entry["bytes"]:
        findings.add("file", str(path), "", f"{size} bytes", entry["bytes"])
        return False
    before = findings.counts["file"]
    for algorithm, found in checksums(path)._asdict().items():
        if found != entry[algorithm]:
            expected = f"{entry[algorithm]}: bytes have changed"
            findings.add("file", str(path), "", f"{algorithm} {found}", expected)
    return findings.counts["file"] == before


def check_totals(
    folder: Path, manifest: Mapping[str, Any], census: Census, findings: Findings
) -> None:
    """Compare the manifest's counts with what its files hold."""
    said = {key: manifest[key] for key in ("n_rows", "n_events", "processes", "labels", "splits")}
    # A process without rows needs no entry, but the manifest may still give its cross section.
    nothing = {name: {"n_rows": 0, "n_events": 0} for name in said["processes"]}
    held = {name: size for name, size in census.total["processes"].items() if size["n_rows"]}
    found = {**census.total, "processes": {**nothing, **held}}
    place = str(folder / MANIFEST_NAME)
    _check_weights(manifest, census, place, findings)
    _compare(said, found, "", place, findings)
    for number, entry in enumerate(manifest["files"]):
        counts = census.files.get(entry["path"])
        if counts is not None:
            _compare(entry, counts, f"files.{number}", place, findings)


def _check_weights(manifest: Mapping[str, Any], census: Census, place: str, to: Findings) -> None:
    """Check that no more was generated than is here, by which histograms would be too high."""
    for name, entry in manifest["processes"].items():
        if "part_of" in manifest and not has_rows_of_all(manifest, name):
            continue  # The part's share is estimated from numbers of events.
        claim, found = entry.get("sum_of_weights"), census.weights.get(name, 0.0)
        if claim is None:
            continue
        if claim < (1 - _WEIGHTS_TOLERANCE) * found:
            where = f"processes.{name}.sum_of_weights"
            to.add("totals", place, where, claim, f"{found} or more, as the files' events have")


def _compare(said: Any, found: Mapping[str, Any], path: str, place: str, to: Findings) -> None:
    """Note each count that the manifest says otherwise; what else it says is not compared."""
    for key, value in found.items():
        where = f"{path}.{key}" if path else key
        claim = said.get(key) if isinstance(said, Mapping) else None
        if isinstance(value, Mapping):
            _compare(claim, value, where, place, to)
        elif claim != value and not (claim is None and value == 0):
            to.add("totals", place, where, claim, f"{value}, as the files have")
    extra = [key for key in said if key not in found] if path in ("processes", "labels") else []
    for key in extra:
        to.add("totals", place, f"{path}.{key}", "an entry", "none: no file has it")
