"""A dataset of ours as JetNet's files (arXiv:2106.11535), one for each class."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rs3l_data.convert import defaults
from rs3l_data.convert.growing import GrowingFile, growing
from rs3l_data.convert.rows import Block, blocks, require_no_others
from rs3l_data.errors import ConfigError
from rs3l_data.store.arrays import pad
from rs3l_data.store.reader import Dataset

F4 = npt.NDArray[np.float32]

CLASS_OF_LABEL = {"q": "q", "g": "g", "top": "t", "W": "w", "Z": "z"}
"""JetNet's five; any other label keeps its name"""


def write_jetnet(
    dataset: Dataset,
    folder: Path,
    view: str,
    n_particles: int = defaults.CONSTITUENTS_OF_JETNET,
    classes: Mapping[str, str] | None = None,
    rows: int = defaults.ROWS,
) -> dict[Path, int]:
    """Write the jets of one view into ``folder/<class>.hdf5``, or ``<class>150.hdf5`` and so on.

    Parameters
    ----------
    n_particles
        Of a jet, those with the highest pt. The package jetnet looks for 30 and 150.
    classes
        Names of the files for further labels.
    rows
        Of the dataset that are held in memory.

    Returns
    -------
    dict
        The files and their numbers of jets.

    Raises
    ------
    ConfigError
        If a name is none of a file, or the folder has files of another export.
    InputFileError
        If there is no such view, or a shard is damaged.
    StorageError
        If a file cannot be written.
    """
    suffix = "" if n_particles == defaults.CONSTITUENTS_OF_JETNET else str(n_particles)
    names = _names(dataset, classes or {})
    # Files of other numbers of particles may lie beside them: jetnet looks for 30 and 150.
    require_no_others(
        folder, f"*[!0-9]{suffix}.hdf5", {f"{name}{suffix}.hdf5" for name in names.values()}
    )
    open_files: dict[Path, GrowingFile] = {}
    counts: dict[Path, int] = {}
    with ExitStack() as files:
        for block in blocks(dataset, view, rows):
            labels = block.initiators.columns["label"]
            for index in np.unique(labels):
                label = dataset.labels[index]
                path = folder / f"{names[label]}{suffix}.hdf5"
                if path not in open_files:
                    open_files[path] = files.enter_context(growing(path))
                part = block.take(np.flatnonzero(labels == index))
                particles, jets = _arrays(part, n_particles)
                open_files[path].append("particle_features", particles)
                open_files[path].append("jet_features", jets)
                counts[path] = counts.get(path, 0) + len(part)
    return counts


def _names(dataset: Dataset, classes: Mapping[str, str]) -> dict[str, str]:
    """Name the file of each label that has rows."""
    there = [dataset.labels[index] for index in np.unique(dataset.initiators["label"])]
    names = {label: {**CLASS_OF_LABEL, **classes}.get(label, label) for label in there}
    for label, name in names.items():
        if "/" in name or name.startswith("."):
            raise ConfigError(f"--class {label}={name}: expected a file's name without an ending")
        twice = [other for other in names if names[other] == name]
        # Who names all that share a file means it.
        if len(twice) > 1 and not {*twice} <= {*classes}:
            raise ConfigError(
                f"{' and '.join(twice)} would share the file '{name}': name each by --class"
            )
    return names


def _arrays(block: Block, n_particles: int) -> tuple[F4, F4]:
    """Make `particle_features` (n, P, 4) and `jet_features` (n, 4)."""
    jets, row, found = block.momenta, block.owner, block.view.constituents
    features = [
        *block.angles,
        found["pt"].astype(float) / jets["pt"][row],
        np.ones(len(row)),
    ]
    particles, _ = pad(block.view.offsets, features, n_particles)
    n = np.minimum(np.diff(block.view.offsets), n_particles)
    return particles, np.stack([jets["pt"], jets["eta"], jets["mass"], n], axis=1).astype("<f4")
