"""A dataset of ours made from another project's files: shards, manifest, whole or not at all."""

from __future__ import annotations

import datetime
import logging
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import DECAYS, INITIATORS, Split, empty
from rs3l_data.errors import InputFileError
from rs3l_data.integrity.validate import validate
from rs3l_data.offsets import row_of_each
from rs3l_data.store.folder import new_folder
from rs3l_data.store.manifest import write_manifest
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.shard import write_shard
from rs3l_data.store.split import split_of
from rs3l_data.store.summary import build_manifest
from rs3l_data.store.tables import I8, Array, Columns, Initiators, View, take

logger = logging.getLogger(__name__)

F8 = npt.NDArray[np.float64]

_ROUNDING = 1e-3
"""By how much of its momentum a jet's energy may lie below it in files of float32"""

SEED, FRACTIONS = 0, (0.7, 0.1, 0.2)
"""Of the split, where the source says nothing"""

Code = tuple[str, str]
"""Process and label"""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a source: one shard."""

    codes: I8
    """(n_rows,) which of the layout's codes each row has"""
    initiators: Columns
    """(n_rows,) each: those of `schema.INITIATORS` that the source knows"""
    views: Mapping[str, View]
    """By name, of n_rows each"""
    split: Split | None


@dataclass(frozen=True, slots=True)
class Origin:
    """What the dataset says of where it comes from."""

    name: str
    codes: Sequence[Code]
    unknown: Sequence[str]
    """Columns that the source does not have"""
    citation: Sequence[Mapping[str, str]]
    files: Sequence[str]
    """Their names, without folders"""


def write_dataset(folder: Path, origin: Origin, pieces: Iterable[Piece]) -> dict[str, Any]:
    """Write a dataset, one shard for each piece that has rows.

    Rows that are present in no view are left out.

    Promises of our format that the source's values break are told as warnings, one of each kind.

    Returns
    -------
    dict
        `n_rows`, `left_out`, and of values that break a promise the number of `violations`.

    Raises
    ------
    StorageError
        If the folder is there already, or cannot be written.
    InputFileError
        If the source holds no jet.
    """
    with new_folder(folder) as building:
        told = _write(building, origin, pieces)
    # What was just written need not be hashed again.
    findings = validate(folder, at_most=1, with_digest=False)
    for violation in findings.violations:
        logger.warning(
            "%s; there are %d of this kind, of which `rs3l-data validate` tells more",
            *(violation, findings.counts[violation.kind]),
        )
    return {**told, "violations": findings.counts.total()}


def _write(folder: Path, origin: Origin, pieces: Iterable[Piece]) -> dict[str, Any]:
    processes = list(dict.fromkeys(process for process, _ in origin.codes))
    labels = list(dict.fromkeys(label for _, label in origin.codes))
    software = {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("rs3l", "numpy", "h5py")},
    }
    n_read = n_rows = 0
    paths: list[Path] = []
    for piece in pieces:
        first, n_read = n_read, n_read + len(piece.codes)
        kept = np.flatnonzero(
            np.any([view.jets["present"] for view in piece.views.values()], axis=0)
        )
        if not len(kept):
            continue
        initiators = _initiators(piece, origin.codes, processes, labels, first)
        attributes = {
            "process_names": processes,
            "label_names": labels,
            "config": _config(origin, piece.views),
            "software": software,
            "citation": origin.citation,
            # Both sources round or cut the constituents that their jets were made of.
            "constituents_complete": False,
        }
        paths.append(folder / f"{origin.name}-{len(paths):05d}.h5")
        views = {name: take(view, kept) for name, view in piece.views.items()}
        write_shard(paths[-1], take(initiators, kept), views, attributes)
        n_rows += len(kept)
    if not paths:
        raise InputFileError(f"{', '.join(origin.files)}: no jet found, so no dataset was written")
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    manifest = build_manifest(open_dataset(paths), folder, None, software, created)
    write_manifest(folder, {**manifest, "citation": origin.citation})
    return {"n_rows": n_rows, "left_out": n_read - n_rows}


def _config(origin: Origin, views: Iterable[str]) -> dict[str, Any]:
    return {
        "name": origin.name,
        "seed": SEED,
        "views": {name: {} for name in views},
        "converted": {
            "from": origin.name,
            "files": origin.files,
            "unknown_columns": origin.unknown,
        },
    }


def _initiators(
    piece: Piece, codes: Sequence[Code], processes: list[str], labels: list[str], first: int
) -> Initiators:
    n = len(piece.codes)
    columns = empty(INITIATORS, n)
    for name, values in piece.initiators.items():
        columns[name][:] = values
    process_of_code = np.array([processes.index(process) for process, _ in codes])
    label_of_code = np.array([labels.index(label) for _, label in codes])
    columns["process"][:] = process_of_code[piece.codes]
    columns["label"][:] = label_of_code[piece.codes]
    # The source does not say which jets come from one event: each counts as an event.
    columns["event"][:] = first + np.arange(n)
    columns["weight"][:] = 1
    if piece.split is not None:
        columns["split"][:] = piece.split
    else:
        for index, process in enumerate(processes):
            mine = columns["process"] == index
            columns["split"][mine] = split_of(SEED, process, columns["event"][mine], FRACTIONS)
    return Initiators(columns, empty(DECAYS, 0), np.zeros(n + 1, np.int64))


def sorted_constituents(row: I8, columns: Columns, n_rows: int) -> tuple[Columns, I8]:
    """Sort constituents by their row, and falling in pt within it.

    Parameters
    ----------
    row
        (n_constituents,) the row of each.
    columns
        (n_constituents,) each.

    Returns
    -------
    columns
    offsets : (n_rows + 1,)
    """
    order = np.lexsort((-columns["pt"], row))
    offsets = np.searchsorted(row[order], np.arange(n_rows + 1)).astype(np.int64)
    return {name: column[order] for name, column in columns.items()}, offsets


def mass_of(pt: F8, eta: F8, energy: F8) -> F8:
    """Give the mass that jets have by their energy [GeV]; 0 where rounding makes it imaginary."""
    momentum = pt * np.cosh(eta)
    mass: F8 = np.sqrt(np.maximum((energy - momentum) * (energy + momentum), 0))
    return mass


def warn_of_energies(view: View, energy: F8, first: int, where: str) -> None:
    """Warn of jets with less energy (n_rows,) [GeV] than momentum, whose mass `mass_of` makes 0.

    Parameters
    ----------
    first, where
        As for `require_finite`.
    """
    jets = view.jets
    momentum = jets["pt"].astype(float) * np.cosh(jets["eta"].astype(float))
    below = np.flatnonzero(jets["present"] & (energy < (1 - _ROUNDING) * momentum))
    if len(below):
        row = below[0]
        logger.warning(
            "%s: %d jets have less energy than momentum, and so no mass; the first is jet %d, with"
            " %g and %g GeV",
            *(where, len(below), first + row, energy[row], momentum[row]),
        )


def require_finite(view: View, first: int, where: str) -> None:
    """Refuse jets and constituents whose momenta or tracks are NaN or infinite.

    Parameters
    ----------
    first
        The row that the first jet has in its file.
    where
        The file, and the view if it has several, for the message.

    Raises
    ------
    InputFileError
        Naming the first such value.
    """
    there = np.flatnonzero(view.jets["present"])
    owner = row_of_each(view.offsets)
    jets = {f"its {name}": view.jets[name][there] for name in ("pt", "eta", "phi", "mass")}
    items = {f"a particle's {name}": values for name, values in view.constituents.items()}
    for row, columns in ((there, jets), (owner, items)):
        for name, values in columns.items():
            require_numbers(name, values, first + row, where)


def require_numbers(name: str, values: Array, row: I8, where: str) -> None:
    """Refuse values (n,) that are NaN or infinite.

    Parameters
    ----------
    row
        (n,) the jet in its file that each belongs to.
    where
        As for `require_finite`.

    Raises
    ------
    InputFileError
        Naming the first such value.
    """
    bad = ~np.isfinite(values)
    if np.any(bad):
        at = int(np.argmax(bad))
        raise InputFileError(
            f"{where}: jet {row[at]}: {name} is {values[at]}, expected a finite number; fetch the"
            " file again, or leave it out"
        )
