"""A pool of HTCondor in place of the real one, in every Python that has this folder in its path.

`htcondor2` stays what it is, but for the one class that would speak to a pool: descriptions are
real, the log of events is read by the real reader. A submitted job runs at once, with no more of
the environment than its description asks for, and leaves the lines that a pool would write.
"""

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import htcondor2

HOST = "<127.0.0.1:9618?addrs=127.0.0.1-9618>"
SUBMITTED = f"000 ({{0:03d}}.000.000) 2026-11-20 12:00:00 Job submitted from host: {HOST}\n...\n"
RUNNING = f"001 ({{0:03d}}.000.000) 2026-11-20 12:00:01 Job executing on host: {HOST}\n...\n"
ENDED = """\
005 ({0:03d}.000.000) 2026-11-20 12:00:02 Job terminated.
\t(1) Normal termination (return value {1})
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Run Remote Usage
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Run Local Usage
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Total Remote Usage
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Total Local Usage
\t0  -  Run Bytes Sent By Job
\t0  -  Run Bytes Received By Job
\t0  -  Total Bytes Sent By Job
\t0  -  Total Bytes Received By Job
...
"""
HELD = """\
012 ({0:03d}.000.000) 2026-11-20 12:00:02 Job was held.
\tError from slot1@node: Job has gone over cgroup memory limit.
\tCode 34 Subcode 102
...
"""


class Schedd:
    """Takes descriptions, keeps each as a file in the folder ``POOL``, and runs them."""

    def submit(self, description):
        """Run a job; the first of the rule named by ``POOL_HOLDS`` is held instead."""
        pool = Path(os.environ["POOL"])
        number = len([*pool.glob("*.json")]) + 1
        asked = dict(description)
        (pool / f"{number:03d}.json").write_text(json.dumps(asked))
        held = pool / "held"
        holds = asked["batch_name"].startswith(os.environ["POOL_HOLDS"]) and not held.exists()
        with Path(asked["log"]).open("a") as log:
            log.write(SUBMITTED.format(number) + RUNNING.format(number))
            if holds:
                held.touch()
                log.write(HELD.format(number))
            else:
                log.write(ENDED.format(number, self._run(asked, number)))
        return SimpleNamespace(cluster=lambda: number)

    def _run(self, asked, number):
        names = asked["getenv"].split(",")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        environment["PYTHONPATH"] = os.environ["POOL_PYTHONPATH"]
        out, err = (
            Path(asked[stream].replace("$(ClusterId)", str(number)))
            for stream in ("output", "error")
        )
        command = [asked["executable"], *asked["arguments"].split()]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        out.write_bytes(done.stdout)
        err.write_bytes(done.stderr)
        return done.returncode


htcondor2.Schedd = Schedd
