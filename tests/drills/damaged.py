"""Files whose bytes change where they lie: who notices, when, and the fix."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from tests.drills.outcome import Outcome
from tests.drills.workflow import FILES_OF, Run, require_finished

NOTHING_TO_DO = "Nothing to be done"


def intermediate(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A hard or view file, whose shard is to be packed again."""
    outcome = Outcome("an intermediate file damaged")
    for number in range(times):
        kind = ("hard", "resimulate")[number % 2]
        how = (flip, flip, cut)[number % 3]
        run.undo(undisturbed, "pack")
        path = run.results / FILES_OF[kind][0]
        how(path, rng)
        ended = run.call("--cores", "1")
        if ended.code == 0:
            assert run.digest() == undisturbed.digest(), f"{path}: damage went on into the dataset"
            outcome.note(f"{how.__name__}: in bytes without meaning")
            continue
        assert path.name in ended.said, ended.said
        assert "make the file again" in ended.said, ended.said
        path.unlink()
        require_finished(run, undisturbed)
        outcome.note(f"{how.__name__}: the next job that reads it names it; fixed, same digest")
    return outcome


def shard_before_manifest(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A shard that no manifest knows yet."""
    outcome = Outcome("a shard damaged before the manifest is written")
    for number in range(times):
        how = (flip, flip, cut)[number % 3]
        run.undo(undisturbed, "manifest")
        path = run.results / FILES_OF["pack"][0]
        how(path, rng)
        ended = run.call("--cores", "1")
        if ended.code == 0:
            assert run.digest() == undisturbed.digest(), f"{path}: damage is in the dataset"
            outcome.note(f"{how.__name__}: in bytes without meaning")
            continue
        assert f"{path.name}: " in ended.said, ended.said
        path.unlink()
        require_finished(run, undisturbed)
        outcome.note(f"{how.__name__}: `manifest` names it; fixed, same digest")
    return outcome


def shard_after_manifest(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A shard of a finished dataset."""
    outcome = Outcome("a shard of a finished dataset damaged")
    for number in range(times):
        how = (flip, flip, cut)[number % 3]
        run.undo(undisturbed, "manifest")
        require_finished(run, undisturbed)
        path = run.results / FILES_OF["pack"][0]
        how(path, rng)
        assert NOTHING_TO_DO in run.call().said
        ended = run.command("validate", run.results / "dataset")
        assert ended.code == 1, ended.said
        assert path.name in ended.said
        fix = run.call("--force", target=str(path.relative_to(run.folder)))
        assert fix.code == 0, fix.said
        assert run.call("--touch", "--forceall").code == 0
        assert NOTHING_TO_DO in require_finished(run, undisturbed).said
        outcome.note(f"{how.__name__}: `validate` names it; fixed, same digest")
    return outcome


def flip(path: Path, rng: random.Random) -> None:
    """Flip one bit, as a disk does: the file's time stays."""
    _changed(path, lambda content: _flipped(content, rng.randrange(8 * len(content))))


def cut(path: Path, rng: random.Random) -> None:
    """Lose the end of a file."""
    _changed(path, lambda content: content[: rng.randrange(len(content))])


def _flipped(content: bytes, bit: int) -> bytes:
    byte = bytes([content[bit // 8] ^ (1 << bit % 8)])
    return content[: bit // 8] + byte + content[bit // 8 + 1 :]


def _changed(path: Path, change: Callable[[bytes], bytes]) -> None:
    times = (path.stat().st_atime, path.stat().st_mtime)
    path.write_bytes(change(path.read_bytes()))
    os.utime(path, times)
