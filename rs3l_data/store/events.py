"""A dataset event by event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rs3l_data.errors import InputFileError
from rs3l_data.store.tables import I8, Columns, View, cut

if TYPE_CHECKING:
    from rs3l_data.store.reader import Dataset

_BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """One hard event: its initiators, and in each view their jets."""

    process: str
    event: int
    initiators: Columns
    """(n_initiators,) each"""
    views: dict[str, View]
    """By name; row i is initiator i"""


def events_of(dataset: Dataset) -> Iterator[Event]:
    """Go through the events in the order of the files, some thousand rows in memory at a time.

    Raises
    ------
    InputFileError
        If the rows of an event do not follow one another.
    """
    keys = dataset.event_keys
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, int)
    if len(starts) != dataset.n_events:
        raise InputFileError(
            f"{dataset.source}: the rows of an event do not follow one another; "
            "open its shards in their order"
        )
    for first, last in _runs(np.r_[starts, len(keys)]):
        block = dataset[int(first[0]) : int(last[-1])]
        views = {name: block.read_view(name) for name in block.views}
        for start, stop in zip(first - first[0], last - first[0], strict=True):
            initiators = {name: column[start:stop] for name, column in block.initiators.items()}
            yield Event(
                process=dataset.processes[initiators["process"][0]],
                event=int(initiators["event"][0]),
                initiators=initiators,
                views={name: cut(view, start, stop) for name, view in views.items()},
            )


def _runs(bounds: I8) -> Iterator[tuple[I8, I8]]:
    """Group events to blocks of about `_BLOCK` rows; yields their first rows and their ends."""
    block = bounds[:-1] // _BLOCK
    for number in np.unique(block):
        inside = np.flatnonzero(block == number)
        yield bounds[inside], bounds[inside + 1]
