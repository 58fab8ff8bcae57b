"""How a command ends: what a user can fix with a message, a signal with a word."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType

from rs3l_data.errors import RS3LError
from rs3l_data.extras import how_to_install

OUT_OF_MEMORY = (
    "out of memory: give the job more, or in a simulation make the chunks smaller "
    "(`hard.chunk_events`); nothing half-written is left"
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
STOPPED = "stopped by SIGTERM, as at a time limit; run it again"
INTERRUPTED = "interrupted"
NOTHING_LEFT = "nothing half-written is left"
"""Unless a note of the interrupt says what is"""


class StoppedError(SystemExit):
    """Raised where the program is when SIGTERM comes, so that it clears up behind itself."""


def run(command: Callable[[], object]) -> None:
    """Run a command line to its end.

    Exit codes: 0 done, 1 failed, 2 wrong usage or input, 130 interrupted, 143 stopped by SIGTERM.
    """
    _open_streams()
    _notice_sigterm()
    try:
        command()
    except (
        *(RS3LError, MemoryError, KeyboardInterrupt, StoppedError),
        *(OSError, ModuleNotFoundError),
    ) as error:
        if isinstance(error, OSError) and error.filename is None and error.errno not in _NO_ROOM:
            raise
        if isinstance(error, ModuleNotFoundError) and how_to_install(error.name) is None:
            raise
        prefix = "" if isinstance(error, KeyboardInterrupt | StoppedError) else "error: "
        sys.stderr.write(f"{prefix}{last_words(error)}\n")
        sys.exit(_exit_code(error))
    except SystemExit as end:
        # Typer makes one of a Ctrl-C, without a word.
        if end.code == 128 + signal.SIGINT:
            sys.stderr.write(f"{last_words(_interrupt_behind(end))}\n")
        raise


def _interrupt_behind(end: BaseException) -> BaseException:
    behind = end
    while not isinstance(behind, KeyboardInterrupt):
        if behind.__context__ is None:
            return KeyboardInterrupt()
        behind = behind.__context__
    return behind


def last_words(error: BaseException) -> str:
    """Say what ended a program: a sentence where it is known, else the traceback.

    Notes that whoever was interrupted has added to a `KeyboardInterrupt` or a `StoppedError` say
    what is left of the work.
    """
    match error:
        case RS3LError():
            return str(error)
        case OSError() if error.filename is not None:
            return f"{os.fsdecode(error.filename)}: {error.strerror}"
        case OSError() if error.errno in _NO_ROOM:
            return (
                f"{error.strerror}: for standard output, or for a file without a name (of the"
                " folder for temporary files, or of the compiled kernels, NUMBA_CACHE_DIR)"
            )
        case ModuleNotFoundError() if words := how_to_install(error.name):
            return words
        case MemoryError():
            return OUT_OF_MEMORY
        case StoppedError() | KeyboardInterrupt():
            what = STOPPED if isinstance(error, StoppedError) else INTERRUPTED
            return "; ".join([what, *getattr(error, "__notes__", [NOTHING_LEFT])])
    return "".join(traceback.format_exception(error)).rstrip()


def _exit_code(error: BaseException) -> int:
    match error:
        case RS3LError():
            return error.exit_code
        case ModuleNotFoundError():
            return 2
        case MemoryError() | OSError():
            return 1
        case StoppedError():
            return 128 + signal.SIGTERM
    return 128 + signal.SIGINT


def _open_streams() -> None:
    """Open what a daemon has closed: the next file would get its number, and all that is said."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _notice_sigterm() -> None:
    """Let SIGTERM unwind this process; those forked from it end at once, as they did."""
    own = os.getpid()

    def stop(number: int, _frame: FrameType | None) -> None:
        if os.getpid() == own:
            raise StoppedError(128 + number)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    signal.signal(signal.SIGTERM, stop)
