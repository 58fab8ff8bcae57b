"""Files whose bytes change where they lie: who notices, when, and the mend."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.drills.outcome import Outcome
from tests.drills.workflow import FILES_OF, TARGET, Run, require_finished

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
        outcome.note(f"{how.__name__}: the next job that reads it names it; mended, same digest")
    return outcome


def shard(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """A shard, before its manifest is written, or after."""
    outcome = Outcome("a shard damaged")
    for number in range(times):
        how = (flip, flip, cut)[number % 3]
        before = number % 2 == 0
        run.undo(undisturbed, "manifest")
        if not before:
            require_finished(run, undisturbed)
        path = run.results / FILES_OF["pack"][0]
        how(path, rng)
        when = "before the manifest" if before else "after it"
        if before:
            seen = _manifested(undisturbed, run)
        else:
            assert NOTHING_TO_DO in run.call().said
            ended = run.command("validate", run.results / "dataset")
            assert ended.code == 1, ended.said
            assert path.name in ended.said
            seen = "`validate` names it"
        path.unlink()
        require_finished(run, undisturbed)
        outcome.note(f"{how.__name__} {when}: {seen}; mended, same digest")
    return outcome


def _manifested(undisturbed: Run, run: Run) -> str:
    """Let the manifest be written over a damaged shard."""
    ended = run.call("--cores", "1")
    if ended.code != 0:
        assert Path(FILES_OF["pack"][0]).name in ended.said, ended.said
        return "`manifest` names it"
    same = run.digest() == undisturbed.digest()
    (run.folder / TARGET).unlink()
    return "in bytes without meaning" if same else "NOT NOTICED"


def flip(path: Path, rng: random.Random) -> None:
    """Flip one bit, as a disk does: the file's time stays."""
    _changed(path, lambda content: _flipped(content, rng.randrange(8 * len(content))))


def cut(path: Path, rng: random.Random) -> None:
    """Lose the end of a file."""
    _changed(path, lambda content: content[: rng.randrange(len(content))])


def _flipped(content: bytes, bit: int) -> bytes:
    byte = bytes([content[bit // 8] ^ (1 << bit % 8)])
    return content[: bit // 8] + byte + content[bit // 8 + 1 :]


def _changed(path: Path, change) -> None:  # type: ignore[no-untyped-def]
    times = (path.stat().st_atime, path.stat().st_mtime)
    path.write_bytes(change(path.read_bytes()))
    os.utime(path, times)
