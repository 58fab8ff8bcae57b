"""A dataset event by event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rs3l_data.errors import InputFileError
from rs3l_data.store.tables import I8, Columns, View, cut

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


def blocks_of_events(keys: I8, source: str) -> Iterator[I8]:
    """Group events to blocks of some thousand rows.

    Parameters
    ----------
    keys
        (n_rows,) numbers, equal for the rows of one event and no others.
    source
        What an error calls the dataset.

    Yields
    ------
    bounds : (n_events + 1,)
        Event i of a block has the rows ``bounds[i]:bounds[i + 1]``.

    Raises
    ------
    InputFileError
        If the rows of an event do not follow one another.
    """
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    if len(starts) != len(np.unique(keys)):
        raise InputFileError(
            f"{source}: the rows of an event do not follow one another; "
            "open its shards in their order"
        )
    bounds = np.r_[starts, len(keys)]
    of_blocks = np.flatnonzero(np.diff(starts // _BLOCK, prepend=-1))
    for first, last in pairwise((*of_blocks, len(starts))):
        yield bounds[first : last + 1]


def cut_to_events(
    processes: Sequence[str], initiators: Columns, views: Mapping[str, View], bounds: I8
) -> Iterator[Event]:
    """Cut rows of whole events, their initiators and their jets in each view, to events."""
    for start, stop in pairwise(bounds - bounds[0]):
        own = {name: column[start:stop] for name, column in initiators.items()}
        yield Event(
            process=processes[own["process"][0]],
            event=int(own["event"][0]),
            initiators=own,
            views={name: cut(view, start, stop) for name, view in views.items()},
        )
