"""JetClass's ROOT files, read as a dataset of ours with the one view `nominal`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rs3l_data.cluster import kinematics
from rs3l_data.convert import defaults
from rs3l_data.convert import jetclass as layout
from rs3l_data.convert.incoming import (
    Origin,
    Piece,
    mass_of,
    require_finite,
    require_numbers,
    sorted_constituents,
    warn_of_energies,
    write_dataset,
)
from rs3l_data.convert.sources import Source
from rs3l_data.describe.schema import CONSTITUENTS, JETS, Category, Status, empty
from rs3l_data.errors import InputFileError, why_not_opened
from rs3l_data.store.tables import I8, Array, Columns, View

if TYPE_CHECKING:
    import awkward as ak

F8 = npt.NDArray[np.float64]

VIEW = "nominal"
UNKNOWN = (
    *("n2", "n_b_hadrons", "n_c_hadrons", "gluon_splitting"),
    *("initiators/mass", "decays"),
)
_PART = (
    *("px", "py", "pz", "energy", "charge"),
    *layout.TRACK.values(),
    *layout.FLAGS.values(),
)
_JET = ("jet_pt", "jet_eta", "jet_phi", "jet_energy", *layout.SUBSTRUCTURE.values())
_TRUTH = (
    "aux_genpart_pt",
    "aux_genpart_eta",
    "aux_genpart_phi",
    "aux_genpart_pid",
    "aux_truth_match",
)
_BRANCHES = (
    *(f"part_{name}" for name in _PART),
    *_JET,
    *_TRUTH,
    *(f"label_{name}" for name in layout.CLASSES),
)


def read_jetclass(
    sources: Sequence[Source], folder: Path, rows: int = defaults.SHARD_OF_JETCLASS
) -> dict[str, Any]:
    """Write a dataset from files of JetClass. Every class is a process of its own.

    Parameters
    ----------
    rows
        Of a shard.

    Raises
    ------
    InputFileError
        If a file is unreadable, lacks a branch, or a jet has not exactly one label or a value that
        is not finite.
    StorageError
        If the dataset cannot be written.
    """
    origin = Origin(
        "jetclass",
        [(name, layout.LABEL_OF_CLASS[name]) for name in layout.CLASSES],
        UNKNOWN,
        ({"for": "the data", "title": "JetClass", "arxiv": "2202.03772"},),
        [source.path.name for source in sources],
    )
    return write_dataset(folder, origin, (p for s in sources for p in _pieces(s, rows)))


def _pieces(source: Source, rows: int) -> Iterator[Piece]:
    first = 0
    for table in _tables(source.path, rows):
        _check_particles(table, source, first)
        yield _piece(table, source, first)
        first += len(table)


def _tables(path: Path, rows: int) -> Iterator[ak.Array]:
    """Read the branches, some rows at a time."""
    import uproot

    try:
        with uproot.open(path) as file:
            tree = file[layout.TREE]
            missing = [name for name in _BRANCHES if name not in tree]
            if missing:
                raise InputFileError(
                    f"{path}: no branches {', '.join(missing)}; expected those of JetClass"
                )
            yield from tree.iterate(list(_BRANCHES), step_size=rows)
    except InputFileError:
        raise
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise InputFileError(why_not_opened(path, error)) from None
    # At damaged bytes uproot raises nearly everything, failed assertions included.
    except Exception as error:
        raise InputFileError(
            f"{path}: cannot be read as a ROOT file with the tree '{layout.TREE}': "
            f"{str(error) or type(error).__name__}; fetch it again"
        ) from None


def _check_particles(table: ak.Array, source: Source, first: int) -> None:
    """Refuse jets of which two branches have other numbers of particles, whose values are mixed.

    And numbers that are none, which our columns of whole numbers would not show.
    """
    import awkward as ak

    expected = ak.to_numpy(ak.num(table["part_px"]))
    rows = first + np.repeat(np.arange(len(table)), expected)
    for name in _PART:
        found = ak.to_numpy(ak.num(table[f"part_{name}"]))
        if np.any(found != expected):
            row = int(np.argmax(found != expected))
            raise InputFileError(
                f"{source.path}: jet {first + row} has {found[row]} particles in part_{name}, and "
                f"{expected[row]} in part_px"
            )
        require_numbers(f"part_{name}", _of_particles(table, name), rows, str(source.path))


def _piece(table: ak.Array, source: Source, first: int) -> Piece:
    flags = np.stack([_flat(table, f"label_{name}") for name in layout.CLASSES], axis=1) != 0
    n_labels = flags.sum(axis=1)
    if np.any(n_labels != 1):
        row = int(np.argmax(n_labels != 1))
        raise InputFileError(
            f"{source.path}: jet {first + row} has {n_labels[row]} labels, expected one"
        )
    for name in _TRUTH:
        require_numbers(name, _flat(table, name), first + np.arange(len(table)), str(source.path))
    initiators = {
        "pdg_id": np.rint(_flat(table, "aux_genpart_pid")).astype(np.int64),
        **_kinematics(table),
    }
    view = _view(table)
    require_finite(view, first, str(source.path))
    warn_of_energies(view, _flat(table, "jet_energy"), first, str(source.path))
    return Piece(np.argmax(flags, axis=1), initiators, {VIEW: view}, source.split)


def _view(table: ak.Array) -> View:
    import awkward as ak

    counts = ak.to_numpy(ak.num(table["part_px"]))
    row = np.repeat(np.arange(len(counts)), counts)
    px, py, pz, energy = (
        _of_particles(table, name).astype(float) for name in ("px", "py", "pz", "energy")
    )
    columns: Columns = empty(CONSTITUENTS, len(row))
    for name, values in kinematics.transverse(px, py, pz).items():
        columns[name][:] = values
    columns["energy"][:] = energy
    charge = _of_particles(table, "charge")
    columns["charge"][:] = np.rint(charge)
    # A particle without any flag is a hadron.
    category = np.where(charge != 0, Category.CHARGED_HADRON, Category.NEUTRAL_HADRON)
    for value, flag in layout.FLAGS.items():
        category[_of_particles(table, flag) != 0] = value
    columns["category"][:] = category
    for name, branch in layout.TRACK.items():
        columns[name][:] = _of_particles(table, branch)
    constituents, offsets = sorted_constituents(row, columns, len(counts))
    return View(_jet_table(table, counts), constituents, offsets)


def _jet_table(table: ak.Array, counts: I8) -> Columns:
    jets: Columns = empty(JETS, len(table))
    jets["present"][:] = True
    jets["status"][:] = Status.PRESENT
    for name, values in _kinematics(table).items():
        jets[name][:] = _flat(table, f"jet_{name}")
        jets[f"initiator_{name}"][:] = values
    jets["mass"][:] = mass_of(*(_flat(table, f"jet_{name}") for name in ("pt", "eta", "energy")))
    for name, branch in layout.SUBSTRUCTURE.items():
        jets[name][:] = _flat(table, branch)
    jets["n_constituents"][:] = counts
    jets["contained"][:] = _flat(table, "aux_truth_match") != 0
    for name in ("n_b_hadrons", "n_c_hadrons"):
        jets[name][:] = -1
    return jets


def _kinematics(table: ak.Array) -> Columns:
    """Give pt, eta and phi of the initiators: JetClass knows none of QCD jets, and has zeros."""
    told = _flat(table, "aux_genpart_pid") != 0
    names = ("pt", "eta", "phi")
    return {name: np.where(told, _flat(table, f"aux_genpart_{name}"), np.nan) for name in names}


def _flat(table: ak.Array, name: str) -> F8:
    import awkward as ak

    return np.asarray(ak.to_numpy(table[name]), float)


def _of_particles(table: ak.Array, name: str) -> Array:
    """Give a branch of the particles of all jets, one after the other: (n_particles,)."""
    import awkward as ak

    return np.asarray(ak.to_numpy(ak.flatten(table[f"part_{name}"])))
