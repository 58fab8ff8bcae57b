"""Stands in for `rs3l-data` in the jobs of a drilled run: does it, or has it fail as ordered.

An order is a file in the folder `orders` of the run: `{"command": "pack", "do": "kill", …}`. The
first job of that command takes it away and obeys:

- `kill`, `term`: a signal `after` so many seconds;
- `die`: SIGKILL at a `step` of writing its file: `begin`, `written`, `flushed`, `named`;
- `limit`: a `resource` of only so many `bytes`; with `die` set, the kernel kills at the limit.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ORDERS = "RS3L_DRILL_ORDERS"
STEP = "RS3L_DRILL_STEP"
REAL = [sys.executable, "-m", "rs3l_data"]


def main() -> None:
    """Run the command, disturbed if there is an order for it."""
    command = sys.argv[1]
    order = _taken(Path(os.environ[ORDERS]), command)
    if order is None:
        os.execv(sys.executable, [*REAL, *sys.argv[1:]])
    match order["do"]:
        case "kill" | "term":
            number = signal.SIGKILL if order["do"] == "kill" else signal.SIGTERM
            sys.exit(_signalled(number, order["after"]))
        case "die":
            os.environ[STEP] = order["step"]
            os.execv(sys.executable, [sys.executable, "-m", "tests.drills.job", *sys.argv[1:]])
        case "limit":
            _limit(order)
            os.execv(sys.executable, [*REAL, *sys.argv[1:]])
        case "wait":
            time.sleep(order["after"])
            os.execv(sys.executable, [*REAL, *sys.argv[1:]])
    raise ValueError(f"unknown order {order}")


def _taken(orders: Path, command: str) -> dict[str, Any] | None:
    """Take an order away; of two jobs only one can rename the file."""
    for path in sorted(orders.glob(f"{command}-*.json")):
        mine = path.with_suffix(f".{os.getpid()}.taken")
        try:
            path.rename(mine)
        except FileNotFoundError:
            continue
        return dict(json.loads(mine.read_text()))
    return None


def _signalled(number: signal.Signals, after: float) -> int:
    with subprocess.Popen([*REAL, *sys.argv[1:]]) as job:
        try:
            return job.wait(after)
        except subprocess.TimeoutExpired:
            job.send_signal(number)
            code = job.wait()
            return 128 - code if code < 0 else code


def _limit(order: dict[str, Any]) -> None:
    which = getattr(resource, f"RLIMIT_{order['resource']}")
    resource.setrlimit(which, (order["bytes"], order["bytes"]))
    # Python ignores the signal of a file that grows too large, and what it starts inherits that.
    if not order.get("die"):
        return
    # What it says goes to a file too, whose size must not be what ends it.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, sys.stdout.fileno())
    os.dup2(silent, sys.stderr.fileno())
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.environ[STEP] = "half"
    os.execv(sys.executable, [sys.executable, "-m", "tests.drills.job", *sys.argv[1:]])


def _die_at(step: str) -> None:
    """Kill this process at a step of writing a file, as the auditing of CPython tells of it."""
    opened: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("open", "os.rename"):
            return
        path = str(arguments[0])
        part = path.endswith(".part")
        folders = [Path(one).absolute().parent for one in opened]
        # The part is opened twice: to write it, and to have the disk keep it.
        now = {
            "begin": event == "open" and part and path not in opened,
            "written": event == "open" and part and path in opened,
            "flushed": event == "os.rename" and part,
            "named": event == "open" and Path(path).absolute() in folders,
        }
        if event == "open" and part:
            opened.append(path)
        if now.get(step):
            os.kill(os.getpid(), signal.SIGKILL)

    if step == "half":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    else:
        sys.addaudithook(watch)
    del os.environ[STEP]
    runpy.run_module("rs3l_data", run_name="__main__")


if __name__ == "__main__":
    if STEP in os.environ:
        _die_at(os.environ[STEP])
    else:
        main()
