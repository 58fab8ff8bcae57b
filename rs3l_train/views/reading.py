"""Columns read from a dataset for networks, which take neither NaN nor a logarithm of 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rs3l_data.errors import InputFileError
from rs3l_data.store.arrays import side_by_side
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import I8, Array, Columns

F4 = npt.NDArray[np.float32]

JET_COLUMNS = ("pt", "eta", "phi", "mass")
CONSTITUENT_COLUMNS = (
    "pt",
    "eta",
    "phi",
    "energy",
    "category",
    "charge",
    "d0",
    "d0_error",
    "dz",
    "dz_error",
)
WITH_LOGARITHM = {"jets": ("pt",), "constituents": ("pt", "energy")}

Table = Literal["jets", "constituents"]

_JETS = 25_000
"""Read at once: few, so that the first are soon there; many, as each time two chunks
are read again"""


@dataclass(frozen=True, slots=True)
class Constituents:
    """Those of some jets of one shard in one view."""

    shard: Dataset
    view: str
    offsets: I8
    """(n_jets + 1,)"""
    columns: Columns
    """`CONSTITUENT_COLUMNS`, (offsets[-1],) each"""

    def put(self, at_most: int, out: F4) -> None:
        """Put the ``at_most`` first constituents of each jet side by side.

        Parameters
        ----------
        out
            (n, n_columns), a place for each of these constituents.

        Raises
        ------
        InputFileError
            If networks cannot take one of them.
        """
        fit = all(_above_zero(self.columns[name]) for name in WITH_LOGARITHM["constituents"])
        filled = 0
        for items in side_by_side(self.offsets, list(self.columns.values()), at_most):
            out[filled : filled + len(items)] = items
            filled += len(items)
            # While they are in the CPU's cache.
            fit = fit and bool(np.isfinite(items).all())
        if not fit:
            _, columns = self.shard.constituents(self.view, CONSTITUENT_COLUMNS)
            _name_the_unfit(self.shard, self.view, "constituents", columns)


def read_constituents(dataset: Dataset, views: Sequence[str]) -> Iterator[Constituents]:
    """Read view after view, some jets at a time, and the next ones while these are used."""
    jets = [
        (shard, view, block)
        for view in views
        for shard in dataset.by_shard()
        for block in shard.blocks(_JETS)
    ]

    def read(shard: Dataset, view: str, block: Dataset) -> Constituents:
        return Constituents(shard, view, *block.constituents(view, CONSTITUENT_COLUMNS))

    # HDF5 decodes without Python's lock, so that this thread goes on meanwhile.
    with ThreadPoolExecutor(1) as reader:
        coming: Future[Constituents] | None = None
        for own in jets:
            before, coming = coming, reader.submit(read, *own)
            if before is not None:
                yield before.result()
        if coming is not None:
            yield coming.result()


def check_jets(dataset: Dataset, view: str, present: npt.NDArray[np.bool_], jets: Columns) -> None:
    """Check the jets of one view.

    Raises
    ------
    InputFileError
        If networks cannot take one that is present.
    """
    own = {name: jets[name][present] for name in JET_COLUMNS}
    if not (all(np.isfinite(c).all() for c in own.values()) and _above_zero(own["pt"])):
        for part in dataset.by_shard():
            table = part.jets(view, ["present", *JET_COLUMNS])
            there = {name: table[name][table["present"]] for name in JET_COLUMNS}
            _name_the_unfit(part, view, "jets", there)


def _name_the_unfit(dataset: Dataset, view: str, table: Table, columns: Columns) -> None:
    """Look for values that networks cannot take.

    Raises
    ------
    InputFileError
        If there is one, naming the dataset and the column.
    """
    for name, values in columns.items():
        bad = {"finite": ~np.isfinite(values)}
        if name in WITH_LOGARITHM[table]:
            bad["above 0"] = values <= 0
        for wanted, found in bad.items():
            if found.any():
                raise InputFileError(
                    f"{dataset.source}: {np.count_nonzero(found)} of {len(values)} values of"
                    f" {table}/{name} in the view {view!r} are not {wanted}; find the rows with"
                    " `rs3l-data validate`, and make the shard anew"
                )


def _above_zero(values: Array) -> bool:
    # NaN, which would hide the others, is not either.
    return bool(values.min(initial=1) > 0)
