"""Where the time of a job goes: each step runs in a context that times it, or times nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Stopwatch = Callable[[str], AbstractContextManager[None]]
"""Gives, for the name of a step, a context that times it."""


def no_stopwatch(_: str) -> AbstractContextManager[None]:
    """Time nothing."""
    return nullcontext()


def adding_to(spent: dict[str, float], clock: Callable[[], float]) -> Stopwatch:
    """Make a stopwatch that adds up the time of each step [s], by its name."""

    @contextmanager
    def stopwatch(step: str) -> Iterator[None]:
        began = clock()
        yield
        spent[step] = spent.get(step, 0.0) + clock() - began

    return stopwatch
