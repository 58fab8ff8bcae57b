"""Jobs, and Snakemake itself, ended at any moment."""

from __future__ import annotations

import random
import shutil
import signal
import time

from tests.drills.outcome import Outcome
from tests.drills.workflow import (
    COMMANDS,
    FILES_OF,
    RESTARTED,
    WORKING,
    Ended,
    Run,
    end,
    require_finished,
    require_whole,
)

STEPS = ("begin", "half", "written", "flushed", "named")
LOCKED = "Directory cannot be locked"


def jobs_at_any_moment(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """SIGKILL for a job at a random moment of its life; Snakemake is started again."""
    outcome = Outcome("a job killed (SIGKILL) at a random moment")
    lasts = undisturbed.seconds()
    for command in COMMANDS:
        run.undo(undisturbed, command)
        killed = 0
        while killed < -(-times // len(COMMANDS)):
            run.order(command, do="kill", after=rng.uniform(0.0, lasts[command]))
            ended = run.call()
            require_whole(run, undisturbed)
            if run.obeyed() and ended.code != 0:
                killed += 1
                outcome.note(f"{command}: started again, same digest")
            else:
                run.undo(undisturbed, command)
        require_finished(run, undisturbed)
    return outcome


def jobs_while_writing(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """SIGKILL at each step of writing a file: before, half done, unflushed, unnamed, unreported."""
    outcome = Outcome("a job killed at a step of writing its file")
    for number in range(times):
        command = COMMANDS[number % len(COMMANDS)]
        step = STEPS[number % len(STEPS)]
        run.undo(undisturbed, command)
        if step == "half":
            whole = (undisturbed.results / FILES_OF[command][0]).stat().st_size
            run.order(command, do="limit", resource="FSIZE", bytes=whole // 2, die=True)
        else:
            run.order(command, do="die", step=step)
        ended = require_finished(run, undisturbed, "--retries", "1")
        assert run.obeyed(), ended.said
        assert RESTARTED in ended.said, ended.said
        left = run.leftovers()
        assert len(left) == (step not in ("begin", "named")), left
        for path in left:
            path.unlink()
        hidden = ", a hidden .part left" if left else ""
        outcome.note(f"{step}: done again, same digest{hidden}")
    return outcome


def snakemake(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """Snakemake itself ended by SIGKILL, SIGTERM, SIGINT or Ctrl-C, and started again."""
    outcome = Outcome("Snakemake ended by a signal")
    kinds = [(signal.SIGKILL, False), (signal.SIGINT, False), (signal.SIGTERM, False)]
    kinds.append((signal.SIGINT, True))
    while outcome.times < times:
        which, group = kinds[outcome.times % len(kinds)]
        process = run.start()
        time.sleep(rng.uniform(1.0, 12.0))
        early = process.poll() is not None
        end(process, which, group)
        require_whole(run, undisturbed)
        name = "Ctrl-C" if group else which.name
        again = _again(run)
        if early:
            shutil.rmtree(run.results)
            continue
        outcome.note(f"{name}: {again}")
    require_finished(run, undisturbed)
    return outcome


def _again(run: Run) -> str:
    """Start Snakemake as a user would; do what it says if it refuses."""
    process = run.start()
    while process.poll() is None:
        if WORKING in run.said():
            end(process, signal.SIGTERM)
            return "goes on"
        time.sleep(0.1)
    ended = Ended(process.returncode, run.said())
    if ended.code == 0:
        return "goes on"
    assert LOCKED in ended.said, ended.said
    assert "--unlock" in ended.said
    assert run.call("--unlock").code == 0
    return "says that the folder is locked; --unlock, goes on"
