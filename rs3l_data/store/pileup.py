"""The file of minimum-bias events: one for a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rs3l_data.describe.schema import PILEUP_PARTICLES
from rs3l_data.events.particles import Particles
from rs3l_data.store.columns import read_items, write_columns, write_offsets
from rs3l_data.store.filters import Compression
from rs3l_data.store.guard import dataset_at, group_at
from rs3l_data.store.hdf5 import create, read_attributes, reading


def write_sample(
    path: Path,
    sample: Particles,
    attributes: Mapping[str, Any],
    compression: Compression = "blosc2",
) -> None:
    """Write minimum-bias events, whole or not at all.

    Parameters
    ----------
    attributes
        What the sample depends on and what else JSON can hold.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    columns = {c.name: getattr(sample, c.name).astype(c.numpy_dtype) for c in PILEUP_PARTICLES}
    with create(path, "pileup", attributes) as file:
        particles = file.create_group("particles")
        write_offsets(particles, sample.offsets, compression)
        write_columns(particles, PILEUP_PARTICLES, columns, compression, items=True)


def read_sample(path: Path) -> tuple[Particles, dict[str, Any]]:
    """Read minimum-bias events, and what the file says beside them.

    Raises
    ------
    InputFileError
        If the file is missing, truncated or none of pile-up.
    """
    names = [column.name for column in PILEUP_PARTICLES]
    with reading(path, "pileup") as file:
        group = group_at(file, "particles")
        rows = np.arange(len(dataset_at(group, "offsets", np.dtype("<i8"))) - 1)
        offsets, columns = read_items(group, PILEUP_PARTICLES, rows)
        momenta = (columns[name].astype(np.float64) for name in names[1:])
        return Particles(offsets, columns["pdg_id"], *momenta), read_attributes(file)
