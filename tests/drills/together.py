"""Two runs in one folder at once, and clocks that disagree."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

from tests.drills.outcome import Outcome
from tests.drills.workflow import FILES_OF, WORKING, Run, require_finished, require_whole

# Snakemake does not look at the time of a file that is small and has the checksum it remembers.
AS_LARGE_FILES = ("--max-checksum-file-size", "0")
DAY = 86400.0


def two_runs(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A second Snakemake while the first works: refused; or, without its lock, at the same time."""
    outcome = Outcome("two runs in one folder")
    for number in range(times):
        shutil.rmtree(run.results, ignore_errors=True)
        unlocked = ("--nolock",) if number % 2 else ()
        first = run.start(*unlocked)
        while WORKING not in run.said():
            time.sleep(0.1)
        time.sleep(rng.uniform(0.0, 1.0))
        second = run.call_beside(*unlocked)
        code = first.wait()
        require_whole(run, undisturbed)
        if not unlocked:
            assert "Directory cannot be locked" in second.said, second.said
            assert code == 0
            seen = "the second refuses, saying why"
        else:
            seen = f"--nolock: {(code == 0) + (second.code == 0)} of 2 end well"
        require_finished(run, undisturbed)
        outcome.note(f"{seen}; same digest")
    return outcome


def clocks(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A file dated a day ahead, or a year back, as by a node with another clock."""
    outcome = Outcome("a file dated in the future or past")
    for number in range(times):
        run.undo(undisturbed, "manifest")
        require_finished(run, undisturbed)
        kind = ("hard", "resimulate", "pack")[number // 2 % 3]
        ahead = number % 2 == 0
        _date(run.results / FILES_OF[kind][0], DAY if ahead else -365 * DAY)
        ended = run.call(*AS_LARGE_FILES)
        require_whole(run, undisturbed)
        if ended.code != 0:
            assert "dated in the future" in ended.said, ended.said
            seen = "refused before any job, saying why"
        else:
            seen = "nothing repeated" if "Nothing to be done" in ended.said else "repeated once"
        assert run.sums() == undisturbed.sums()
        now = time.time()
        for path in run.results.rglob("*.*"):
            os.utime(path, (now, now))
        assert "Nothing to be done" in run.call(*AS_LARGE_FILES).said
        require_finished(run, undisturbed)
        when = "ahead" if ahead else "back"
        outcome.note(f"{kind} {when}: {seen}; after dating all alike nothing to do")
    return outcome


def _date(path: Path, seconds: float) -> None:
    now = time.time() + seconds
    os.utime(path, (now, now))
