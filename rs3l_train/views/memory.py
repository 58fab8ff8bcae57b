"""All views of all jets of a dataset on one device, and batches gathered from them.

Constituents stay flat, as in the dataset; a batch is padded when it is gathered, by indexing
alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rs3l_data.store import recycled
from rs3l_data.store.reader import Dataset
from rs3l_train.views.reading import (
    CONSTITUENT_COLUMNS,
    JET_COLUMNS,
    WITH_LOGARITHM,
    check_jets,
    read_constituents,
)

PADDING = dict.fromkeys(WITH_LOGARITHM["constituents"], 1)
"""What stands in padded places, so that every logarithm is finite; 0 in the other columns"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Some views of some jets: entry ``i`` is view ``views[i]`` of row ``rows[i]``."""

    views: Tensor
    """(n,) int64"""
    rows: Tensor
    """(n,) int64"""
    sent_rows: Tensor | None = None
    """(n,) int64, the rows before they were sent to a GPU; None: they were not"""

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> Selection:
        sent = None if self.sent_rows is None else self.sent_rows[part]
        return Selection(self.views[part], self.rows[part], sent)

    @property
    def rows_on_cpu(self) -> Tensor:
        """The rows for who reads files; a GPU is waited for only if they were made there."""
        return self.rows.cpu() if self.sent_rows is None else self.sent_rows

    def to(self, device: torch.device) -> Selection:
        """Move from the CPU to a device, without waiting for what a GPU still has to do."""
        return Selection(send(self.views, device), send(self.rows, device), self.rows)


def equal_parts(batch: Selection, parts: int) -> list[int]:
    """Tell where parts as equal as can be begin and end, ``parts + 1`` places."""
    edges: list[int] = np.linspace(0, len(batch), parts + 1).astype(int).tolist()
    return edges


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Move from the CPU to a device, without waiting for what a GPU still has to do."""
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded constituents of a selection, and their jets."""

    constituents: dict[str, Tensor]
    """(n, P) float32 each; a padded place has pt = energy = 1 GeV and 0 otherwise"""
    mask: Tensor
    """(n, P) bool, False where padded: behind all constituents, which fall in pT"""
    jets: dict[str, Tensor]
    """(n,) float32 each: `JET_COLUMNS`, and `label`, its index in the dataset's labels"""


@dataclass(frozen=True, slots=True)
class JetViews:
    """The V views of N jets."""

    names: tuple[str, ...]
    present: Tensor
    """(V, N) bool"""
    starts: Tensor
    """(V, N) int64, where a jet's constituents begin"""
    counts: Tensor
    """(V, N) int64, how many there are, at most P"""
    jets: dict[str, Tensor]
    """(V, N) float32 each, 0 where absent; `label` is the row's, in every view"""
    constituents: Tensor
    """(n_constituents + 1, n_columns) float32, by `CONSTITUENT_COLUMNS`: what lies side by side is
    gathered at once; the last entry fills the padded places"""
    width: int
    """P"""

    @property
    def device(self) -> torch.device:
        """Where the arrays are."""
        return self.present.device

    @property
    def n_rows(self) -> int:
        """N, with the absent."""
        return self.present.shape[1]

    def index(self, view: str) -> int:
        """Position of a view by its name."""
        return self.names.index(view)

    def gather(self, selection: Selection) -> Batch:
        """Pad the constituents of a selection of present views to (n, P)."""
        # Flat, an index of one tensor: half the time of a pair.
        entry = selection.views * self.n_rows + selection.rows
        place = torch.arange(self.width, device=self.device)
        mask = place < _picked(self.counts, entry)[:, None]
        padding = len(self.constituents) - 1
        index = torch.where(mask, _picked(self.starts, entry)[:, None] + place, padding)
        gathered = self.constituents.index_select(0, index.flatten()).view(*index.shape, -1)
        return Batch(
            dict(zip(CONSTITUENT_COLUMNS, gathered.unbind(-1), strict=True)),
            mask,
            {name: _picked(column, entry) for name, column in self.jets.items()},
        )

    def shuffled(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Put rows in a random order, in which an epoch goes through them."""
        return rows[torch.randperm(len(rows), generator=generator).to(rows.device)]

    def arranged(self, rows: Tensor) -> Tensor:
        """Leave the rows of a batch as they are: each process has all jets."""
        return rows

    def edges(self, batch: Selection, parts: int) -> list[int]:
        """Cut a batch into parts as equal as can be, ``parts + 1`` places."""
        return equal_parts(batch, parts)

    def begin(self, batch: Selection) -> None:
        """Do nothing: all jets are there."""

    def in_memory(self, rows: Tensor) -> tuple[JetViews, Tensor]:
        """Give jets in memory, and where among them the given rows are."""
        return self, rows


def load(
    dataset: Dataset, views: tuple[str, ...], n_constituents: int, device: torch.device
) -> JetViews:
    """Read the views of all rows, keeping the ``n_constituents`` hardest constituents of each jet.

    A jet's constituents fall in pT in the dataset, so that the hardest are the first.

    Raises
    ------
    InputFileError
        If a number is not finite, or a transverse momentum or a constituent's energy not above 0,
        which has no logarithm: networks would spread it over all their weights.
    """
    read = [dataset.read_view(view, (), ["present", *JET_COLUMNS]) for view in views]
    jets = [table.jets for table in read]
    present = np.stack([table["present"] for table in jets])
    counts = np.stack([np.minimum(np.diff(table.offsets), n_constituents) for table in read])
    ends = np.cumsum(counts).reshape(counts.shape)
    shape = (int(counts.sum()) + 1, len(CONSTITUENT_COLUMNS))
    here = device.type == "cpu"
    constituents = (
        torch.from_numpy(recycled.empty(shape, np.float32))
        if here
        else torch.empty(shape, device=device)
    )
    filled = 0
    # Each goes to its place at once, that on a GPU included, and a later one takes its memory:
    # processes that share a machine would need as much of it as GPUs have.
    for some in read_constituents(dataset, views):
        n = int(np.minimum(np.diff(some.offsets), n_constituents).sum())
        place = constituents[filled : filled + n]
        block = place.numpy() if here else recycled.empty((n, shape[1]), np.float32)
        some.put(n_constituents, block)
        if not here:
            place.copy_(torch.from_numpy(block))
        filled += n
    for view, own, there in zip(views, jets, present, strict=True):
        check_jets(dataset, view, there, own)
    columns = {
        name: np.where(present, np.stack([j[name] for j in jets]), 0) for name in JET_COLUMNS
    }
    columns["label"] = np.tile(dataset.initiators["label"], (len(views), 1))
    padding = [float(PADDING.get(name, 0)) for name in CONSTITUENT_COLUMNS]
    constituents[-1] = torch.tensor(padding, device=device)
    return JetViews(
        names=views,
        present=torch.from_numpy(present).to(device),
        starts=torch.from_numpy(ends - counts).to(device),
        counts=torch.from_numpy(counts).to(device),
        jets={
            name: torch.from_numpy(column.astype(np.float32)).to(device)
            for name, column in columns.items()
        },
        constituents=constituents,
        width=max(1, int(counts.max(initial=0))),
    )


def _picked(table: Tensor, entry: Tensor) -> Tensor:
    """Take entries of a (V, N) table."""
    return table.view(-1).index_select(0, entry)
