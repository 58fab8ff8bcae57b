"""Disks that are full, forbidden or gone."""

from __future__ import annotations

import random
import shutil
import threading
import time
from pathlib import Path

from tests.drills import mounts
from tests.drills.outcome import Outcome
from tests.drills.workflow import COMMANDS, FILES_OF, Run, require_finished, require_whole

ROOM_FOR_WORDS = 4096
"""Bytes: what a job says goes to a file, for which the limit holds as well"""


def full(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A disk that is full when a job writes; room is made, and Snakemake started again."""
    outcome = Outcome("disk full in each stage (tmpfs)")
    for number in range(times):
        command = COMMANDS[number % len(COMMANDS)]
        run.undo(undisturbed, command)
        left = run.results.rename(run.results.with_name("left"))
        with mounts.small_disk(run.results, 8):
            shutil.copytree(left, run.results, dirs_exist_ok=True)
            filler = run.results / "filler"
            size = (undisturbed.results / FILES_OF[command][0]).stat().st_size
            _fill(filler, leave=rng.randrange(max(1, size // 2)))
            ended = run.call("--cores", "1")
            require_whole(run, undisturbed)
            if ended.code == 0:
                assert run.digest() == undisturbed.digest()
                outcome.note(f"{command}: there was room enough")
                continue
            assert not run.leftovers(), (run.leftovers(), ended.said)
            told = "full" in ended.said or "No space left on device" in ended.said
            assert told, ended.said
            filler.unlink()
            require_finished(run, undisturbed)
            words = "our words" if "the disk or your quota is full" in ended.said else "Snakemake's"
            outcome.note(f"{command}: {words}; with room again, same digest")
    return outcome


def too_large(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A limit of the size of a file, below that of the job's result."""
    outcome = Outcome("file-size limit in each stage")
    for number in range(times):
        command = COMMANDS[number % len(COMMANDS)]
        run.undo(undisturbed, command)
        size = (undisturbed.results / FILES_OF[command][0]).stat().st_size
        limit = rng.randrange(min(ROOM_FOR_WORDS, size - 1), size)
        run.order(command, do="limit", resource="FSIZE", bytes=limit)
        ended = run.call("--cores", "1")
        assert run.obeyed()
        require_whole(run, undisturbed)
        assert ended.code != 0
        assert "larger than a file may be here" in ended.said, ended.said
        assert not run.leftovers(), (run.leftovers(), ended.said)
        require_finished(run, undisturbed)
        outcome.note("says so; then same digest")
    return outcome


def forbidden(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """Results, or the whole folder, that cannot be written."""
    outcome = Outcome("read-only folder")
    for number in range(times):
        run.undo(undisturbed, COMMANDS[number % len(COMMANDS)])
        place = (run.results, run.folder)[number % 2]
        mounts.read_only(place)
        try:
            ended = run.call_beside()
        finally:
            mounts.unmount(place)
        assert ended.code != 0
        require_whole(run, undisturbed)
        name = ("results", "all")[number % 2]
        word = "Traceback" not in ended.said
        outcome.note(f"{name}: {'one clear line' if word else 'Traceback'}, nothing changed")
        require_finished(run, undisturbed)
    return outcome


def lost(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A file system that is gone for some seconds while jobs run, and comes back."""
    outcome = Outcome("file system of the results gone for some seconds")
    store = run.folder.with_name(f"{run.folder.name}-store")
    for _ in range(times):
        shutil.rmtree(store, ignore_errors=True)
        shutil.rmtree(run.results, ignore_errors=True)
        store.mkdir()
        run.results.mkdir(parents=True)
        mounts.bind(store, run.results)
        away = threading.Thread(
            target=_away, args=(run.results, store, rng.uniform(3, 15), rng.uniform(2, 10))
        )
        away.start()
        ended = run.call("--retries", "2", "--latency-wait", "15")
        away.join()
        require_whole(run, undisturbed)
        seen = "waited or tried again" if ended.code == 0 else "stopped, started again"
        require_finished(run, undisturbed, "--latency-wait", "15")
        outcome.note(f"{seen}: same digest")
        mounts.unmount(run.results)
    return outcome


def _away(place: Path, store: Path, after: float, seconds: float) -> None:
    time.sleep(after)
    mounts.unmount(place)
    time.sleep(seconds)
    mounts.bind(store, place)


def _fill(filler: Path, leave: int) -> None:
    """Fill a disk up to a few bytes."""
    free = shutil.disk_usage(filler.parent).free
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, free - leave))
