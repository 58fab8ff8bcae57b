"""The jets that go into a file of another format: chosen, mixed, and read a block at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rs3l_data.cluster import kinematics
from rs3l_data.errors import ConfigError
from rs3l_data.offsets import row_of_each
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, Columns, Initiators, View, take

if TYPE_CHECKING:
    import awkward as ak

F8 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """Jets that are present in one view, in a random order, and their initiators: n rows each."""

    initiators: Initiators
    view: View

    def __len__(self) -> int:
        return len(self.view)

    @property
    def momenta(self) -> Columns:
        """Kinematics of the jets in float64, (n,) each: pt, eta, phi, mass, energy [GeV]."""
        jets = {name: self.view.jets[name].astype(float) for name in ("pt", "eta", "phi", "mass")}
        jets["energy"] = np.hypot(jets["pt"] * np.cosh(jets["eta"]), jets["mass"])
        return jets

    @property
    def owner(self) -> I8:
        """The row of each constituent: (n_constituents,)."""
        return row_of_each(self.view.offsets)

    @property
    def angles(self) -> tuple[F8, F8]:
        """Δη and Δφ of the constituents to their jet's axis, (n_constituents,) each."""
        jets, row, found = self.momenta, self.owner, self.view.constituents
        eta, phi = (found[name].astype(float) for name in ("eta", "phi"))
        return eta - jets["eta"][row], kinematics.delta_phi(phi, jets["phi"][row])

    def take(self, rows: I8) -> Block:
        """Copy some rows."""
        return Block(take(self.initiators, rows), take(self.view, rows))


def interleaved(dataset: Dataset, rows: int) -> Iterator[Dataset]:
    """Go once through a dataset, in each block an equal part of every shard.

    A shard holds one process. Most programs read a file from its beginning to its end and mix what
    they hold in memory, so that a file in the shards' order would give them one class at a time.
    """
    n_blocks = max(1, -(-len(dataset) // rows))
    for k in range(n_blocks):
        yield replace(
            dataset,
            rows=tuple(
                part[len(part) * k // n_blocks : len(part) * (k + 1) // n_blocks]
                for part in dataset.rows
            ),
        )


def blocks(dataset: Dataset, view: str, rows: int) -> Iterator[Block]:
    """Read the jets that are present in a view, mixed in the same way each time.

    Raises
    ------
    InputFileError
        If there is no such view, or a shard is damaged.
    """
    for number, part in enumerate(interleaved(dataset, rows)):
        table = part.read_view(view)
        order = np.random.default_rng(number).permutation(np.flatnonzero(table.jets["present"]))
        yield Block(part.read_initiators(), table).take(order)


def nested(offsets: I8, columns: Columns) -> ak.Array:
    """Make a list of records of each row's items, without a copy of the columns."""
    import awkward as ak

    records = ak.contents.RecordArray(
        [ak.contents.NumpyArray(column) for column in columns.values()], list(columns)
    )
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), records))


def require_no_others(folder: Path, pattern: str, written: Collection[str]) -> None:
    """Refuse a folder with files that who reads all of them would take for this export.

    Raises
    ------
    ConfigError
        If it has files of the pattern that are not ``written``.
    """
    others = sorted(path.name for path in folder.glob(pattern) if path.name not in written)
    if others:
        raise ConfigError(
            f"{folder}: has {', '.join(others)} of another export, which `{pattern}` would read"
            " with this one; remove them, or give another --to"
        )
