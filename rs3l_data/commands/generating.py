"""What the commands that run Pythia for a job have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rs3l_data.progress import Progress, Style, logging_to
from rs3l_data.simulate.pythia import generator_output_to


@contextmanager
def generating(what: str, total: int, log: Path | None, style: Style) -> Iterator[Progress]:
    """Tell the progress of a job in a log, if there is one, where the generators' words go too.

    Raises
    ------
    ConfigError
        If there is a file that does not look like a log: it would be lost.
    """
    with logging_to(log), generator_output_to(log), Progress(what, total, style=style) as progress:
        yield progress
