"""RS3L's published files, read as a dataset of ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from rs3l_data.cluster import kinematics
from rs3l_data.convert import defaults
from rs3l_data.convert import published as layout
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
from rs3l_data.errors import InputFileError
from rs3l_data.store.hdf5 import reopening
from rs3l_data.store.tables import I8, Columns, View

logger = logging.getLogger(__name__)

F8 = npt.NDArray[np.float64]

_LARGEST_TANH = float(np.nextafter(np.float32(1), np.float32(0)))
_AXIS_WITHIN = 0.2
_PT_WITHIN = (0.5, 1.3)
UNKNOWN = (
    *("softdrop_mass", "tau1", "tau2", "tau3", "tau4", "n2", "contained"),
    *("initiator_pt", "initiator_eta", "initiator_phi", "n_b_hadrons", "n_c_hadrons"),
    *("initiators/pt", "initiators/eta", "initiators/phi", "initiators/mass"),
    *("constituents/d0_error", "constituents/dz_error"),
)


def read_published(
    sources: Sequence[Source],
    folder: Path,
    labels: Mapping[int, str] | None = None,
    rows: int = defaults.SHARD_OF_PUBLISHED,
) -> dict[str, Any]:
    """Write a dataset from published files.

    Parameters
    ----------
    labels
        Labels of further jettypes, by number; each becomes a process of its own.
    rows
        Of a shard.

    Raises
    ------
    InputFileError
        If a file is unreadable, of another layout, or has a jettype without a label or a value
        that is not finite.
    StorageError
        If the dataset cannot be written.
    """
    codes = {**layout.CODES, **{code: (name, name) for code, name in (labels or {}).items()}}
    origin = Origin(
        "rs3l_record",
        list(codes.values()),
        UNKNOWN,
        (
            {"for": "the method", "title": "RS3L", "arxiv": "2403.07066"},
            {"for": "the data", "title": "RS3L dataset", "doi": "10.5281/zenodo.10633815"},
        ),
        [source.path.name for source in sources],
    )
    pieces = (piece for source in sources for piece in _pieces(source, [*codes], rows))
    return write_dataset(folder, origin, pieces)


def _pieces(source: Source, codes: list[int], rows: int) -> Iterator[Piece]:
    with reopening(source.path) as file:
        n, names = _check_layout(file, source.path)
        swapped: dict[str, bool] = {}
        for start in range(0, n, rows):
            block = slice(start, min(start + rows, n))
            yield _piece(file, block, names, swapped, source, codes)


def _check_layout(file: h5py.File, path: Path) -> tuple[int, tuple[str, ...]]:
    shapes = {}
    for name, n_axes in ((layout.JETS, 3), (layout.CANDIDATES, 4)):
        found = file.get(name)
        if not isinstance(found, h5py.Dataset) or found.ndim != n_axes or found.dtype.kind != "f":
            raise InputFileError(
                f"{path}: expected the dataset '{name}' with {n_axes} axes of floating-point "
                f"numbers, found {found}; is this a file of RS3L's record?"
            )
        shapes[name] = found.shape
    jets, candidates = shapes[layout.JETS], shapes[layout.CANDIDATES]
    n_views = jets[1]
    fits = (
        jets[:2] == candidates[:2]
        and 1 <= n_views <= len(layout.VIEWS)
        and jets[2] >= layout.N_SINGLETONS
        and candidates[2] == len(layout.FEATURES)
    )
    if not fits:
        raise InputFileError(
            f"{path}: {layout.JETS} {jets} and {layout.CANDIDATES} {candidates}: expected "
            f"(N, 1 to 5, 13 or more) and (N, as many, {len(layout.FEATURES)}, P)"
        )
    return jets[0], layout.VIEWS[:n_views]


def _piece(
    file: h5py.File,
    rows: slice,
    names: tuple[str, ...],
    swapped: dict[str, bool],
    source: Source,
    codes: list[int],
) -> Piece:
    singletons = file[layout.JETS][rows].astype(float)
    candidates = file[layout.CANDIDATES][rows]
    jettype = singletons[:, 0, layout.JETTYPE]
    # A row of zeros at the end of a file is no jet.
    used = np.nan_to_num(singletons[:, :, layout.PT]).max(axis=1) > 0
    _check_jettype(jettype[used], codes, source.path, rows.start)
    jettype = np.where(used, jettype, codes[0]).astype(np.int64)
    splitting = np.array([layout.SPLITTING.get(code, 0) for code in codes])
    order = np.argsort(codes)
    index = order[np.searchsorted(codes, jettype, sorter=order)]
    views = {}
    for v, name in enumerate(names):
        own = singletons[:, v], candidates[:, v], splitting[index]
        where = f"{source.path}: view '{name}'"
        _check_candidates(*own[:2], rows.start, where)
        views[name] = _view(*own, swapped.get(name, False))
        require_finite(views[name], rows.start, where)
        # Rows without a candidate have no axes either, and say nothing of those that follow.
        if name not in swapped and views[name].offsets[-1]:
            swapped[name] = _axes_swapped(*own[:2], source.path, name)
            if swapped[name]:
                views[name] = _view(*own, swapped=True)
        warn_of_energies(views[name], singletons[:, v, layout.ENERGY], rows.start, where)
    pdg_id = np.array([layout.PDG_IDS.get(code, 0) for code in codes])
    return Piece(index, {"pdg_id": pdg_id[index]}, views, source.split)


def _check_candidates(jets: F8, candidates: npt.NDArray[Any], first: int, where: str) -> None:
    """Refuse candidates with a NaN where our columns would not show it."""
    # A log pt that is NaN is not above 0, and would be taken for none.
    row, place = np.nonzero(~(candidates[:, 0] <= 0) & ~(jets[:, [layout.PT]] <= 0))
    for feature, name in ((0, "log pt"), (7, "charge"), (8, "PDG code")):
        values = candidates[row, feature, place]
        require_numbers(f"a particle's {name}", values, first + row, where)


def _check_jettype(jettype: F8, codes: list[int], path: Path, first: int) -> None:
    unknown = ~np.isin(jettype, codes)
    if unknown.any():
        row = int(np.argmax(unknown))
        found = [f"{code:g}" for code in np.unique(jettype[unknown])]
        raise InputFileError(
            f"{path}: row {first + row} has jettype {jettype[row]:g}, expected one of {codes}; "
            "sources disagree on what 9 to 11 are (W, Z or top), so look at the jets' mass and "
            f"say it: {' '.join(f'--jettype {code}=LABEL' for code in found)}"
        )


def _axes_swapped(jets: F8, candidates: npt.NDArray[Any], path: Path, view: str) -> bool:
    """Find out whether eta and phi of the jets stand in each other's place.

    An early script of the authors reads them crosswise in the nominal version. The candidates'
    angles were taken relative to the wrong values, so that adding these again gives the right ones.
    """
    row, place = _candidates(jets, candidates)
    pt, eta, phi = _directions(jets, candidates, row, place)
    n = len(jets)
    px, py, pz = (
        np.bincount(row, pt * direction, n).astype(float)
        for direction in (np.cos(phi), np.sin(phi), np.sinh(eta))
    )
    there = np.bincount(row, minlength=n) > 0
    axis = kinematics.eta(px, py, pz)[there], kinematics.phi(px, py)[there]
    columns = jets[there, layout.ETA], jets[there, layout.PHI]
    ratio = float(np.median(np.hypot(px, py)[there] / jets[there, layout.PT]))
    right = float(np.median(kinematics.delta_r(*axis, *columns)))
    crossed = float(np.median(kinematics.delta_r(*axis, columns[1], columns[0])))
    if not _PT_WITHIN[0] < ratio < _PT_WITHIN[1] or min(right, crossed) > _AXIS_WITHIN:
        raise InputFileError(
            f"{path}: view '{view}': the candidates add up to {ratio:.3g} times the jet's pt, "
            f"{right:.2g} away from its axis (medians); expected about 1 and 0: the columns are "
            "not log pt, eta and phi relative to the jet"
        )
    if crossed < right and right > _AXIS_WITHIN:
        logger.warning("%s: eta and phi are swapped in the view %s: corrected", path, view)
        return True
    return False


def _candidates(jets: F8, candidates: npt.NDArray[Any]) -> tuple[I8, I8]:
    """List row and place of the candidates: those with log pt > 0, as all readers do."""
    # A pt that is no number is a fault to be told, and no sign that there is no jet.
    there = ~(jets[:, layout.PT] <= 0)
    row, place = np.nonzero((candidates[:, 0] > 0) & there[:, None])
    return row, place


def _directions(jets: F8, candidates: npt.NDArray[Any], row: I8, place: I8) -> tuple[F8, F8, F8]:
    log_pt, deta, dphi = (candidates[row, i, place].astype(float) for i in (0, 2, 3))
    phi = kinematics.delta_phi(dphi + jets[row, layout.PHI], np.zeros(1))
    return np.exp(log_pt), deta + jets[row, layout.ETA], phi


def _view(jets: F8, candidates: npt.NDArray[Any], splitting: I8, swapped: bool) -> View:
    n = len(jets)
    row, place = _candidates(jets, candidates)
    pt, eta, phi = _directions(jets, candidates, row, place)
    columns: Columns = empty(CONSTITUENTS, len(row))
    columns["pt"][:], columns["eta"][:], columns["phi"][:] = pt, eta, _within(phi)
    columns["energy"][:] = np.exp(candidates[row, 5, place].astype(float))
    charge, pdg_id, tanh_d0, tanh_dz = (candidates[row, i, place] for i in range(7, 11))
    columns["charge"][:] = np.rint(charge)
    columns["category"][:] = _category(np.abs(np.rint(pdg_id)), np.rint(charge))
    columns["d0"][:], columns["dz"][:] = _length(tanh_d0), _length(tanh_dz)
    for name in ("d0_error", "dz_error"):
        columns[name][:] = 0
    constituents, offsets = sorted_constituents(row, columns, n)
    counts = np.diff(offsets)
    return View(_jet_table(jets, counts, splitting, swapped), constituents, offsets)


def _jet_table(jets: F8, counts: I8, splitting: I8, swapped: bool) -> Columns:
    table: Columns = empty(JETS, len(jets))
    there = counts > 0
    table["present"][:] = table["contained"][:] = there
    table["status"][:] = np.where(there, Status.PRESENT, Status.FAILED_SELECTION)
    table["n_constituents"][:] = counts
    table["gluon_splitting"][:] = np.where(there, splitting, 0)
    for name in ("n_b_hadrons", "n_c_hadrons"):
        table[name][there] = -1
    eta, phi = (layout.PHI, layout.ETA) if swapped else (layout.ETA, layout.PHI)
    table["pt"][there] = jets[there, layout.PT]
    table["eta"][there] = jets[there, eta]
    table["phi"][there] = _within(kinematics.delta_phi(jets[there, phi], np.zeros(1)))
    table["mass"][there] = mass_of(*(jets[there, i] for i in (layout.PT, eta, layout.ENERGY)))
    return table


def _within(phi: F8) -> npt.NDArray[np.float32]:
    """Round to float32 inside [-pi, pi)."""
    rounded = phi.astype(np.float32)
    return np.where(rounded >= np.float32(np.pi), -np.float32(np.pi), rounded)


def _category(pdg_id: npt.NDArray[Any], charge: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.select(
        [pdg_id == 22, pdg_id == 11, pdg_id == 13, charge != 0],
        [Category.PHOTON, Category.ELECTRON, Category.MUON, Category.CHARGED_HADRON],
        Category.NEUTRAL_HADRON,
    )


def _length(tanh: npt.NDArray[Any]) -> F8:
    """Undo the tanh [mm]; where it is saturated, the largest length that float32 tells from it."""
    length: F8 = np.arctanh(np.clip(tanh.astype(float), -_LARGEST_TANH, _LARGEST_TANH))
    return length
