"""Views of jets that stay on disk: read buffer by buffer, one ahead of the training.

See `rs3l_data.store.epoch` for the order. What is not asked for is not read, so a training that
goes on in the middle of an epoch begins with the buffer that it needs. Of several processes each
reads the stretches of the dataset that hold its parts of the batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from rs3l_data.describe.schema import INITIATORS
from rs3l_data.store.arrays import pad_views
from rs3l_data.store.choice import check_columns
from rs3l_data.store.epoch import Epoch, Share
from rs3l_data.store.reader import Dataset
from rs3l_data.store.stream import Position, Stream
from rs3l_data.store.tables import I8
from rs3l_train.views.memory import Batch, JetViews, Selection, load, send


class StreamedViews:
    """The V views of N jets, of which two buffers are in memory, or three within a batch.

    If one buffer holds them all it is read once, and stays from epoch to epoch.

    Parameters
    ----------
    dataset
        Its N rows.
    n_constituents
        P, the hardest constituents of a jet that are used.
    buffer_rows
        Rows of a buffer, of which the readers share the reading.
    reader, readers
        Which of them this is. The order of the rows is the same for any number.
    """

    def __init__(
        self,
        dataset: Dataset,
        views: tuple[str, ...],
        n_constituents: int,
        buffer_rows: int,
        device: torch.device,
        reader: int = 0,
        readers: int = 1,
    ):
        self.dataset, self.names, self.device = dataset, views, device
        self._n_constituents, self._buffer_rows = n_constituents, buffer_rows
        present = [dataset.jets(view, ["present"])["present"] for view in views]
        self.present = torch.from_numpy(np.stack(present)).to(device)
        self._reading = ThreadPoolExecutor(1)
        # One for all buffers: memory freed on one stream serves no other.
        self._aside = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self._buffers: dict[int, Future[JetViews]] = {}
        self._of_batch: list[int] = []
        self._rows = np.empty(0, np.int64)
        self._share = Share(Epoch(0, buffer_rows, 0, 0), reader, readers)
        self._start_epoch(np.arange(len(dataset)), 0)

    def shuffled(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Put rows, which rise, in the random order of a new epoch."""
        seed = int(torch.randint(2**62, (), generator=generator))
        self._start_epoch(rows.cpu().numpy(), seed)
        return torch.from_numpy(self._rows[self._share.epoch.order()]).to(self.device)

    def arranged(self, rows: Tensor) -> Tensor:
        """Put the rows of a batch, on the CPU, so that each process's lie side by side."""
        return rows[torch.from_numpy(self._stretches(rows)).argsort(stable=True)]

    def edges(self, batch: Selection, parts: int) -> list[int]:
        """Cut a batch between stretches of the dataset, or within them if parts are many.

        So the parts of one process lie in the stretches that it reads. Each part has an entry, if
        there are enough: few may all lie in the stretches of one.
        """
        n_stretches = self._share.epoch.blocks_per_buffer
        stretches = np.arange(n_stretches + 1)
        before = np.searchsorted(self._stretches(batch.rows_on_cpu), stretches)
        number = np.arange(parts + 1)
        edges = np.interp(number * n_stretches / parts, stretches, before).astype(int)
        edges = np.maximum.accumulate(edges - number) + number
        rising: list[int] = np.minimum(edges, len(batch) - parts + number).tolist()
        return rising

    def gather(self, selection: Selection) -> Batch:
        """Pad the constituents of a selection of present views to (n, P).

        Reads the buffers that hold them, unless they are there, and begins to read the next. Rows
        that another process reads are read by themselves.

        Raises
        ------
        InputFileError
            If a shard is damaged, naming it.
        """
        of_row, place_in_buffer = self._share.places(self._places(selection.rows_on_cpu))
        needed = np.unique(of_row).tolist()
        kept = [*self._of_batch, *needed]
        self._hold([*kept, max(kept) + 1])
        batches, places = [], []
        for number in needed:
            inside = np.flatnonzero(of_row == number)
            place = send(torch.from_numpy(inside), self.device)
            if number < 0:
                jets, own = self.in_memory(selection.rows_on_cpu[inside])
            else:
                jets = self._buffers[number].result()
                own = send(torch.from_numpy(place_in_buffer[inside]), self.device)
            batches.append(jets.gather(Selection(selection.views[place], own)))
            places.append(place)
        return batches[0] if len(batches) == 1 else _merged(batches, torch.cat(places).argsort())

    def begin(self, batch: Selection) -> None:
        """Keep the buffers of a batch until the next one begins, whichever part is asked for."""
        buffers, _ = self._share.epoch.places(self._places(batch.rows_on_cpu))
        self._of_batch = np.unique(buffers).tolist()

    def in_memory(self, rows: Tensor) -> tuple[JetViews, Tensor]:
        """Read the given rows, and give them with their places."""
        wanted, places = np.unique(rows.cpu().numpy(), return_inverse=True)
        return self._load(wanted), torch.from_numpy(places).to(self.device)

    def _stretches(self, rows: Tensor) -> I8:
        """Find the stretches of jets: (n,)."""
        return self._share.epoch.stretches(self._places(rows))

    def _places(self, rows: Tensor) -> I8:
        """Find jets among those of the epoch: (n,)."""
        places: I8 = self._place[rows.numpy()]
        return places

    def _start_epoch(self, rows: I8, seed: int) -> None:
        before, epoch = self._share, Epoch(len(rows), self._buffer_rows, seed, 0)
        self._of_batch = []
        if not (
            before.epoch.n_buffers == epoch.n_buffers == 1 and np.array_equal(rows, self._rows)
        ):
            self._hold([])
        self._rows, self._share = rows, replace(before, epoch=epoch)
        # A row that is not among them is in no buffer.
        self._place = np.full(len(self.dataset), len(rows), np.int64)
        self._place[rows] = np.arange(len(rows))

    def _hold(self, numbers: list[int]) -> None:
        """Begin to read these buffers, and forget others."""
        for number in self._buffers.keys() - numbers:
            self._buffers.pop(number).cancel()
        for number in numbers:
            if number not in self._buffers and 0 <= number < self._share.epoch.n_buffers:
                rows = self._rows[self._share.rows(number)]
                self._buffers[number] = self._reading.submit(self._load, rows)

    def _load(self, rows: I8) -> JetViews:
        dataset = self.dataset.take(rows)
        if self._aside is None:
            jets = load(dataset, self.names, self._n_constituents, self.device)
        else:
            jets = _load_aside(dataset, self.names, self._n_constituents, self._aside)
        # Batches of all buffers have one shape.
        return replace(jets, width=self._n_constituents)


def _load_aside(
    dataset: Dataset, views: tuple[str, ...], n_constituents: int, aside: torch.cuda.Stream
) -> JetViews:
    """Load jets beside what a GPU does: on its stream the training would wait for the copies."""
    with torch.cuda.stream(aside):
        jets = load(dataset, views, n_constituents, aside.device)
    aside.synchronize()
    for tensor in (jets.present, jets.starts, jets.counts, jets.constituents, *jets.jets.values()):
        # When it is freed, its memory must wait for the training that reads it.
        tensor.record_stream(torch.cuda.default_stream(aside.device))
    return jets


def _merged(batches: list[Batch], order: Tensor) -> Batch:
    """Join batches, and put their jets in an order."""

    def joined(parts: list[Tensor]) -> Tensor:
        return torch.cat(parts)[order]

    first = batches[0]
    return Batch(
        {name: joined([b.constituents[name] for b in batches]) for name in first.constituents},
        joined([b.mask for b in batches]),
        {name: joined([b.jets[name] for b in batches]) for name in first.jets},
    )


class JetStream(IterableDataset[dict[str, Tensor]]):
    """Padded batches of a dataset's views, for one's own loops; `DataLoader(..., batch_size=None)`.

    Processes and workers share an epoch: each reads buffers of its own, and all give equally many
    batches. A batch has `features` (V, n, P, F), `mask` (V, n, P), `rows` (n,), positions in the
    stream's dataset, the columns of the jets, (V, n) each, as `jet_<name>`, and those that are
    asked for of the initiators, (n,) each, as `initiator_<name>`.

    Each epoch has its own order: set `start` before it. Workers that stay from epoch to epoch
    (`persistent_workers=True`) hear of it, too. Within an epoch ``Position(epoch, batch)`` counts
    the batches of each worker of each process: where the loader of each process has given 50, from
    2 workers, it is 25. To go on so, processes and workers must be as many as before.

    Parameters
    ----------
    stream
        For one consumer; ranks and workers make several of it.
    n_constituents
        P: the hardest of each jet.
    rank, world_size
        Which process this is, from 0 on, and of how many.
    initiator_columns
        Names of `schema.INITIATORS`, such as `label` and `weight`; they stay in memory, of all
        rows.

    Raises
    ------
    ValueError
        If a jet is to have no constituent, or there is no such process.
    InputFileError
        If the initiators have no such column, or a shard is damaged.
    """

    def __init__(
        self,
        stream: Stream,
        n_constituents: int,
        rank: int = 0,
        world_size: int = 1,
        initiator_columns: Sequence[str] = (),
    ):
        if n_constituents < 1:
            raise ValueError(f"n_constituents: expected 1 or more, found {n_constituents}")
        # Here, because workers would tell it late, as a matter of the buffers.
        if not 0 <= rank < world_size:
            raise ValueError(
                f"rank: expected 0 or more, and less than world_size ({world_size}), found {rank}"
            )
        self.stream, self.n_constituents = stream, n_constituents
        self.rank, self.world_size = rank, world_size
        names = [column.name for column in INITIATORS]
        source = stream.dataset.source
        check_columns(initiator_columns, names, "initiators", source, "initiator_columns")
        # Read here, so that workers that are forked share them.
        self._initiators = {name: stream.dataset.initiators[name] for name in initiator_columns}
        # Workers that stay from epoch to epoch keep the copy of this object that they began with:
        # of what is set later, memory that they share tells them.
        self._start = torch.zeros(2, dtype=torch.int64, device="cpu")
        self._start.share_memory_()  # type: ignore[no-untyped-call]

    @property
    def start(self) -> Position:
        """Where the next iteration begins, in every worker; to be set between two of them."""
        epoch, batch = self._start.tolist()
        return Position(epoch, batch)

    @start.setter
    def start(self, start: Position) -> None:
        self._start.copy_(torch.tensor(astuple(start), dtype=torch.int64, device="cpu"))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Share the memory of `start`: a worker's copy has the loader's, others their own."""
        self.__dict__.update(state)
        # Nothing is done to what is shared already.
        self._start.share_memory_()  # type: ignore[no-untyped-call]

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        number, count = (worker.id, worker.num_workers) if worker else (0, 1)
        stream = replace(
            self.stream,
            consumer=self.rank * count + number,
            consumers=self.world_size * count,
        )
        for batch in stream(self.start):
            padded = pad_views(list(batch.views.values()), self.n_constituents)
            yield {
                "features": torch.from_numpy(padded["features"]),
                "mask": torch.from_numpy(padded["mask"]),
                "rows": torch.from_numpy(batch.rows),
                **{f"jet_{n}": torch.from_numpy(c) for n, c in padded["jets"].items()},
                **{
                    f"initiator_{n}": torch.from_numpy(c[batch.rows])
                    for n, c in self._initiators.items()
                },
            }
