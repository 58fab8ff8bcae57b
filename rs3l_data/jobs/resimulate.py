"""One shower of a chunk of hard events, with all its views, into a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rs3l_data.chain import initiator_table, shower_blocks
from rs3l_data.describe.config import Config
from rs3l_data.describe.tree import family
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.events.particles import Particles
from rs3l_data.jobs.provenance import attributes
from rs3l_data.stopwatch import Stopwatch, no_stopwatch
from rs3l_data.store.view_file import EventRange, write_view_file


def job(
    config: Config,
    hard: HardEvents,
    run: HardRun,
    view: str,
    out: Path,
    progress: Callable[[int], None],
    stopwatch: Stopwatch = no_stopwatch,
    sample: Particles | None = None,
) -> None:
    """Simulate one shower of hard events, with its views, into a file.

    Parameters
    ----------
    view
        That redoes the shower.
    sample
        Minimum-bias events to lay over them.
    """
    events = hard.events["event"]
    initiators = initiator_table(config, run.process, hard).columns
    write_view_file(
        out,
        EventRange(run.process, first_event=int(events[0]), last_event=int(events[-1])),
        {name: initiators[name] for name in ("event", "initiator")},
        family(config.views, view),
        shower_blocks(config, run.process, view, hard, progress, stopwatch, sample),
        attributes(config),
        config.store.compression,
        stopwatch,
    )
