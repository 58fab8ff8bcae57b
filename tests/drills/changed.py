"""Configs that change while runs are ended before they are done, again and again."""

from __future__ import annotations

import random
import signal
import time
from typing import Any

from tests.drills.outcome import Outcome
from tests.drills.workflow import COMMANDS, Run, end

CONFIGS: dict[str, dict[str, Any]] = {
    "first": {},
    "variation": {"views": {"nominal": {}, "fsr_up": {"variation": "isr_up"}}},
    "seed": {"seed": 4},
    "events": {"processes": {"hbb": {"events": 4}}},
    "jets": {"jets": {"radius": 0.6}},
}
"""Blocks that differ from those of a drilled run; the names of all files are the same"""
GROWN = ("first", "events")
"""They differ in the number of events alone: a full chunk stays, and tells of the one it is of"""


def walk(undisturbed: Run, run: Run, times: int, rng: random.Random) -> Outcome:
    """From config to config, each start but the last ended at a random moment, in one folder."""
    outcome = Outcome("the config changed, the run ended, up to three times before it may finish")
    expected = {"first": undisturbed}
    lasts = undisturbed.seconds()
    now = "first"
    while outcome.times < times:
        for _ in range(rng.randint(1, 3)):
            now = rng.choice([name for name in CONFIGS if name != now])
            run.configure(**CONFIGS[now])
            _interrupt(run, lasts, rng)
        alike = GROWN if now in GROWN else (now,)
        for name in alike:
            if name not in expected:
                expected[name] = Run.finished(run.folder / "expected" / name, **CONFIGS[name])
        ended = run.call()
        assert ended.code == 0, ended.said
        assert run.digest() == expected[now].digest(), now
        for name, value in _shards(run).items():
            assert value in [_shards(expected[one])[name] for one in alike], (now, name)
        outcome.note("same digest as without the others")
    return outcome


def _shards(run: Run) -> dict[str, str]:
    """Give sums of what is handed on; a hard file tells of the config that made it."""
    return {name: value for name, value in run.sums().items() if name.startswith("dataset/")}


def _interrupt(run: Run, lasts: dict[str, float], rng: random.Random) -> None:
    """End a job, or Snakemake with all jobs as when the machine goes down, at a random moment."""
    if rng.random() < 0.5:
        command = rng.choice(COMMANDS)
        run.order(command, do="kill", after=rng.uniform(0.0, lasts[command]))
        run.call()
        run.obeyed()
    else:
        process = run.start()
        time.sleep(rng.uniform(1.0, 12.0))
        end(process, signal.SIGKILL, group=True)
        assert run.call("--unlock").code == 0
