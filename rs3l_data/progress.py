"""Progress of a long step: a live bar on a terminal, quiet lines elsewhere and in a log file."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from rs3l_data.ending import last_words
from rs3l_data.errors import ConfigError

logger = logging.getLogger(__name__)

Style = Literal["auto", "bar", "lines"]
_SECONDS_BETWEEN_LINES = 10.0
_LOGS = ("", ".log", ".txt", ".out", ".err")
"""How files end that a log may take the place of"""


class Progress:
    """Count what is done, and say it with the rate and the time left.

    Parameters
    ----------
    what
        Name of the step.
    total
        How many there are to do.
    unit
        What is counted.
    style
        ``bar``: a live bar; ``lines``: a line every ten seconds, fit for a log and for several
        jobs on one terminal; ``auto``: a bar where stderr is a terminal.
    done
        How many were done before, which the rate leaves out.
    """

    def __init__(
        self,
        what: str,
        total: int,
        unit: str = "events",
        style: Style = "auto",
        done: int = 0,
    ) -> None:
        self._what, self._total, self._unit, self._before = what, total, unit, done
        self._began = self._said = time.monotonic()
        self._bar: Bar | None = None
        # Where several processes do one thing, all but one are silenced.
        silenced = logging.root.manager.disable >= logging.INFO
        if style == "bar" or (style == "auto" and sys.stderr.isatty() and not silenced):
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(what, total=total, rate="", completed=done)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, done: int, more: str = "") -> None:
        """Say that ``done`` of the total are done, and what else there is to say."""
        now = time.monotonic()
        rate = (done - self._before) / max(now - self._began, 1e-9)
        if self._bar:
            self._bar.update(self._task, completed=done, rate=f"{rate:.0f} {self._unit}/s {more}")
        if now - self._said >= _SECONDS_BETWEEN_LINES or done >= self._total:
            self._said = now
            left = f"{max(self._total - done, 0) / rate:.0f} s left" if rate > 0 else "waiting"
            level = logging.DEBUG if self._bar else logging.INFO
            logger.log(
                level,
                "%s: %d/%d %s, %.0f/s, %s%s",
                *(self._what, done, self._total, self._unit, rate, left),
                more and f", {more}",
            )


def peak_memory_mb() -> float:
    """Read the highest resident memory of this process so far [MB]."""
    # getrusage would count that of the program that started this one, too.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


class _LogFile(logging.FileHandler):
    """A log whose disk may fill up: that is said once, and the work goes on."""

    def __init__(self, path: Path) -> None:
        # Appending, because the generators write to the same file past Python.
        super().__init__(path, mode="a", encoding="utf-8")
        self._told = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, logging's name
        """Say on the screen why the log ends."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._told:
            self._told = True
            sys.stderr.write(f"--log {self.baseFilename}: {error.strerror}; it ends here\n")

    def close(self) -> None:
        """Leave out what has no room."""
        with suppress(OSError):
            super().close()


@contextmanager
def logging_to(log: Path | None) -> Iterator[None]:
    """Send log lines to stderr and, with everything that a bar would hide, to a file.

    The file's last line says what was spent, if the block ends well.

    Raises
    ------
    ConfigError
        If there is a file that does not look like a log: it would be lost.
    """
    if log is not None and log.is_file() and log.stat().st_size and log.suffix not in _LOGS:
        raise ConfigError(f"--log {log}: is there and no log by its name; choose one like x.log")
    root = logging.getLogger()
    screen = logging.StreamHandler()
    screen.setLevel(logging.INFO)
    screen.setFormatter(logging.Formatter("%(message)s"))
    handlers: list[logging.Handler] = [screen]
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        file = _LogFile(log)
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(file)
    for name in ("rs3l_data", "rs3l_train"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    for handler in handlers:
        root.addHandler(handler)
    began = time.monotonic()
    try:
        yield
        logger.debug(
            "took %.2f s by the clock, %.2f s of CPU, %.0f MB of memory",
            *(time.monotonic() - began, time.process_time(), peak_memory_mb()),
        )
    except BaseException as error:
        # The command line tells the screen; the log file must not end without a word.
        if log is not None:
            file.handle(logging.makeLogRecord({"levelname": "ERROR", "msg": last_words(error)}))
        raise
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
