"""A dataset of ours in the layout of RS3L's published files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rs3l_data.convert import defaults
from rs3l_data.convert import published as layout
from rs3l_data.convert.growing import growing
from rs3l_data.convert.rows import Block, interleaved
from rs3l_data.describe.schema import Category
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.offsets import offsets_of, row_of_each
from rs3l_data.store.arrays import pad
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, Initiators, View, take

F4 = npt.NDArray[np.float32]

_LABELS = {"q": 1, "c": 2, "b": 3, "Hbb": 4, "W": 9, "Z": 10}
_GLUON, _GLUON_CC, _GLUON_BB, _Z_BB = 8, 6, 7, 11


def write_published(
    dataset: Dataset,
    path: Path,
    views: Sequence[str] = layout.VIEWS,
    n_candidates: int = defaults.CONSTITUENTS,
    jettypes: Mapping[str, int] | None = None,
    rows: int = defaults.ROWS_TO_PUBLISHED,
) -> dict[str, int]:
    """Write the rows that are present in all of the views.

    Parameters
    ----------
    views
        Along the second axis. Readers of such files expect five, in the order of the default.
    n_candidates
        Of a jet, those with the highest pt among those above 1 GeV.
    jettypes
        Numbers for further labels, or other numbers.
    rows
        Of the dataset that are held in memory.

    Returns
    -------
    dict
        `n_jets`, and how many rows were `left_out` because a view lacks them.

    Raises
    ------
    InputFileError
        If there is no such view, a shard is damaged, or no row has a jet in all views.
    ConfigError
        If a label has no jettype.
    StorageError
        If the file cannot be written.
    """
    dataset = dataset.select(views=views)
    of_label = _jettypes(dataset, {**_LABELS, **(jettypes or {})})
    n_jets = 0
    with growing(path) as file:
        for number, part in enumerate(interleaved(dataset, rows)):
            initiators = part.read_initiators()
            tables = [part.read_view(view) for view in views]
            in_all = np.all([table.jets["present"] for table in tables], axis=0)
            order = np.random.default_rng(number).permutation(np.flatnonzero(in_all))
            n_jets += len(order)
            initiators = take(initiators, order)
            tables = [take(table, order) for table in tables]
            jettype = _jettype(initiators, tables[0], of_label, dataset.labels)
            parts = [_arrays(Block(initiators, t), jettype, n_candidates) for t in tables]
            file.append(layout.JETS, np.stack([jets for jets, _ in parts], axis=1))
            file.append(layout.CANDIDATES, np.stack([c for _, c in parts], axis=1))
        if n_jets == 0:
            raise InputFileError(
                f"{dataset.source}: none of its {len(dataset)} rows has a jet in each of the views"
                f" {', '.join(views)}"
            )
    return {"n_jets": n_jets, "left_out": len(dataset) - n_jets}


def _jettypes(dataset: Dataset, known: Mapping[str, int]) -> I8:
    for index in np.unique(dataset.initiators["label"]):
        label = dataset.labels[index]
        if label != "g" and label not in known:
            raise ConfigError(
                f"{dataset.source}: the label '{label}' has no number in RS3L's files, expected "
                f"one of {', '.join(['g', *known])}; say one with --jettype {label}=12, or choose "
                "labels with --labels"
            )
    return np.array([known.get(label, _GLUON) for label in dataset.labels])


def _jettype(initiators: Initiators, first: View, of_label: I8, labels: Sequence[str]) -> I8:
    """Give each row's number, the same in all views: (n,)."""
    label = initiators.columns["label"]
    jettype = of_label[label]
    if "g" in labels and "gluon_splitting" in first.jets:
        split = np.where(label == labels.index("g"), first.jets["gluon_splitting"], 0)
        jettype = np.select([split == 5, split == 4], [_GLUON_BB, _GLUON_CC], jettype)
    if "Z" in labels:
        row = row_of_each(initiators.offsets)
        bottom = np.abs(initiators.decays["pdg_id"]) == 5
        to_bottom = np.bincount(row[bottom], minlength=len(label)) > 0
        is_z = (label == labels.index("Z")) & (jettype == _LABELS["Z"])
        jettype = np.where(is_z & to_bottom, _Z_BB, jettype)
    return jettype


def _arrays(block: Block, jettype: I8, n_candidates: int) -> tuple[F4, F4]:
    """Make `singletons` (n, 13) and `jet_pflow_cands` (n, 11, P) of one view."""
    jets, row, found = block.momenta, block.owner, block.view.constituents
    pt, energy = (found[name].astype(float) for name in ("pt", "energy"))
    deta, dphi = block.angles
    features = [
        np.log(pt),
        np.log(pt / jets["pt"][row]),
        deta,
        dphi,
        np.hypot(deta, dphi),
        np.log(energy),
        np.log(energy / jets["energy"][row]),
        found["charge"],
        _pdg_id(found["category"], found["charge"]),
        np.tanh(found["d0"]),
        np.tanh(found["dz"]),
    ]
    # Readers take log pt > 0 for the mask, in float32.
    hard = features[0].astype(np.float32) > 0
    counts = np.bincount(row[hard], minlength=len(block))
    padded, _ = pad(offsets_of(counts), [column[hard] for column in features], n_candidates)
    singletons = np.full((len(block), layout.N_SINGLETONS), np.nan, np.float32)
    singletons[:, layout.JETTYPE] = jettype
    for column, name in enumerate(("pt", "eta", "phi", "energy"), layout.PT):
        singletons[:, column] = jets[name]
    return singletons, np.swapaxes(padded, 1, 2)


def _pdg_id(category: npt.NDArray[np.uint8], charge: npt.NDArray[np.int8]) -> I8:
    """Give Delphes's codes of particle-flow candidates; a negative lepton has a positive code."""
    sign = charge.astype(np.int64)
    return np.select(
        [
            category == Category.PHOTON,
            category == Category.ELECTRON,
            category == Category.MUON,
            category == Category.CHARGED_HADRON,
        ],
        [22, -11 * sign, -13 * sign, 211 * sign],
        0,
    )
