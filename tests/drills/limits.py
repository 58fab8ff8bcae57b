"""Jobs without enough memory or time; Snakemake tries them again."""

from __future__ import annotations

import random

from tests.drills.outcome import Outcome
from tests.drills.workflow import COMMANDS, RESTARTED, Run, require_finished


def memory(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A job that may have only so much memory, from hardly enough to start to nearly enough."""
    outcome = Outcome("a job out of memory (limited address space)")
    for number in range(times):
        command = COMMANDS[number % len(COMMANDS)]
        run.undo(undisturbed, command)
        run.order(command, do="limit", resource="AS", bytes=int(rng.uniform(0.2e9, 1.0e9)))
        ended = require_finished(run, undisturbed, "--retries", "1")
        if RESTARTED not in ended.said:
            outcome.note("had enough")
        elif "out of memory" in ended.said:
            outcome.note("says so; tried again, same digest")
        else:
            outcome.note("ends while it starts, with Python's or a library's word; same digest")
    return outcome


def time_limit(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """SIGTERM at a random moment, as batch systems send it when the time is up."""
    outcome = Outcome("a job out of time (SIGTERM)")
    lasts = undisturbed.seconds()
    for number in range(times):
        command = COMMANDS[number % len(COMMANDS)]
        run.undo(undisturbed, command)
        run.order(command, do="term", after=rng.uniform(0.0, lasts[command]))
        ended = require_finished(run, undisturbed, "--retries", "1")
        assert not run.leftovers()
        if RESTARTED not in ended.said:
            outcome.note("was done before")
        elif "stopped by SIGTERM" in ended.said:
            outcome.note("says so; tried again, same digest")
        else:
            outcome.note("ends while Python starts, without a word; same digest")
    return outcome
