"""Ctrl-C, and the signal by which batch systems announce the end: the loop stops between steps."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# torchrun passes a Ctrl-C on to processes that the terminal has told already. A handler runs after
# the call that is at work, some seconds later perhaps, so that its time alone does not tell.
SAME_SIGNAL_SECONDS = 1.0


class Interrupt:
    """Whether a signal asked to stop; true once it has."""

    def __init__(self) -> None:
        self.name: str | None = None
        self._noticed = 0.0
        self._comes_twice = "TORCHELASTIC_RUN_ID" in os.environ

    def __bool__(self) -> bool:
        return self.name is not None

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Take the first signal as a wish, and one that follows later as an order."""
        if self.name is not None:
            if not self._comes_twice and time.monotonic() - self._noticed > SAME_SIGNAL_SECONDS:
                raise KeyboardInterrupt
            self._comes_twice = False
        self.name, self._noticed = signal.Signals(number).name, time.monotonic()


@contextmanager
def noticed() -> Iterator[Interrupt]:
    """Note SIGINT and SIGTERM while the block runs; one that it has not heeded acts at its end.

    So a training that was as good as done ends. A block inside another is a part of it: it heeds
    what came before it began, and what it leaves acts at the end of the outer one, where the
    weights are saved, say. Only a process's main thread can note signals; elsewhere they act as
    before.
    """
    outer = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(outer, Interrupt):
        yield outer
        return
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, interrupt.note)
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupt.name is not None:
        signal.raise_signal(signal.Signals[interrupt.name])
