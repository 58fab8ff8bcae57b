"""A small run in a folder of its own: laid out, started, disturbed, compared with another."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rs3l_data.store.manifest import MANIFEST_NAME, read_manifest
from tests.drills.job import ORDERS

ROOT = Path(__file__).parents[2]
TARGET = f"results/drill/dataset/{MANIFEST_NAME}"
RESTARTED = "Trying to restart job"
WORKING = "Select jobs to execute"
COMMANDS = ("hard", "resimulate", "pack", "manifest")
FILES_OF = {
    "hard": ("hard/hbb/0001.h5",),
    "resimulate": ("views/hbb/0001/fsr_up.h5", "views/hbb/0001/nominal.h5"),
    "pack": ("dataset/hbb-0001.h5",),
    "manifest": (f"dataset/{MANIFEST_NAME}",),
}
"""What the jobs of one chunk make"""
CONFIG: dict[str, Any] = {
    "name": "drill",
    "seed": 3,
    "processes": {"hbb": {"events": 3}},
    "views": {"nominal": {}, "fsr_up": {"variation": "fsr_up"}},
    "hard": {"chunk_events": 2},
}


@dataclass(frozen=True)
class Ended:
    """What became of a call of Snakemake."""

    code: int
    said: str


@dataclass(frozen=True)
class Run:
    """A folder that looks to Snakemake as a fresh clone does."""

    folder: Path

    @classmethod
    def laid_out(cls, folder: Path, **blocks: Any) -> Run:
        """Make the folder, with a config in which some blocks are others."""
        folder.mkdir(parents=True)
        shutil.copytree(ROOT / "workflow", folder / "workflow")
        (folder / "orders").mkdir()
        (folder / "bin").mkdir()
        job = folder / "bin/rs3l-data"
        job.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.drills.job "$@"\n')
        job.chmod(0o755)
        run = cls(folder)
        run.configure(**blocks)
        return run

    @classmethod
    def finished(cls, folder: Path, **blocks: Any) -> Run:
        """Make all of a run to compare with: nothing happens to it."""
        run = cls.laid_out(folder, **blocks)
        ended = run.call()
        assert ended.code == 0, ended.said
        return run

    def configure(self, **blocks: Any) -> None:
        """Write the config anew."""
        (self.folder / "drill.yaml").write_text(yaml.safe_dump({**CONFIG, **blocks}))

    def undo(self, finished: Run, command: str) -> None:
        """Go to where all of a run is done but one job of a command, and what follows from it."""
        for name in (".snakemake", "results"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            shutil.copytree(finished.folder / name, self.folder / name)
        for later in COMMANDS[COMMANDS.index(command) :]:
            for name in FILES_OF[later][: 1 if later == command else None]:
                (self.results / name).unlink()

    @property
    def results(self) -> Path:
        """Where its files appear."""
        return self.folder / "results/drill"

    def start(self, *arguments: str, target: str = TARGET) -> subprocess.Popen[str]:
        """Start Snakemake, in a process group of its own."""
        command = [sys.executable, "-m", "snakemake", "--configfile", "drill.yaml"]
        cores = () if "--cores" in arguments else ("--cores", "2")
        with (self.folder / "said.txt").open("w") as said:
            return subprocess.Popen(
                [*command, *cores, *arguments, "--", target],
                cwd=self.folder,
                env=self._environment(),
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def call(self, *arguments: str, target: str = TARGET) -> Ended:
        """Let Snakemake run to its end."""
        code = self.start(*arguments, target=target).wait()
        return Ended(code, self.said())

    def said(self) -> str:
        """Give what Snakemake has said until now, since it was last started."""
        return (self.folder / "said.txt").read_text()

    def call_beside(self, *arguments: str, target: str = TARGET) -> Ended:
        """Let another Snakemake run to its end, whose words need no file in the folder."""
        command = [sys.executable, "-m", "snakemake", "--configfile", "drill.yaml", "--cores", "2"]
        return self._run([*command, *arguments, "--", target])

    def command(self, *arguments: str | Path) -> Ended:
        """Run `rs3l-data` by hand."""
        return self._run([sys.executable, "-m", "rs3l_data", *map(str, arguments)])

    def _run(self, command: list[str]) -> Ended:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout)

    def order(self, command: str, **what: Any) -> None:
        """Have the next job of a command fail."""
        number = len([*(self.folder / "orders").iterdir()])
        text = json.dumps({"command": command, **what})
        (self.folder / f"orders/{command}-{number:04d}.json").write_text(text)

    def obeyed(self) -> bool:
        """Tell whether the orders have been taken; takes back those that were not."""
        left = [*(self.folder / "orders").glob("*.json")]
        for path in left:
            path.unlink()
        return not left

    def sums(self) -> dict[str, str]:
        """Hash every file that a job or a reader would take for a result; logs are none."""
        return {
            str(path.relative_to(self.results)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.results.rglob("*.h5"))
            if not path.name.startswith(".")
        }

    def digest(self) -> str:
        """Read the digest of the finished dataset."""
        return str(read_manifest(self.folder / TARGET)["digest"])

    def leftovers(self) -> list[Path]:
        """List the half-written files that a killed job left, hidden."""
        return sorted(self.results.rglob(".*.part"))

    def seconds(self) -> dict[str, float]:
        """Tell how long a job of each command has taken, by Snakemake's own records."""
        found = {}
        for command in COMMANDS:
            tables = [*(self.results / "benchmarks").glob(f"{command}*/*.tsv")]
            tables += (self.results / "benchmarks").glob(f"{command}.tsv")
            times = [float(path.read_text().split("\n")[1].split("\t")[0]) for path in tables]
            found[command] = sum(times) / len(times)
        return found

    def _environment(self) -> dict[str, str]:
        path = f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        python = f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"
        orders = str(self.folder / "orders")
        return {**os.environ, "PATH": path, "PYTHONPATH": python, ORDERS: orders}


def end(process: subprocess.Popen[str], number: signal.Signals, group: bool = False) -> int:
    """Send a signal to Snakemake alone, or as Ctrl-C does to all of its group, and wait for it."""
    if group and process.poll() is None:
        os.killpg(process.pid, number)
    else:  # which does nothing to a process that has ended
        process.send_signal(number)
    return process.wait()


def require_whole(run: Run, undisturbed: Run) -> None:
    """Check that every file there is, byte for byte, that of a run without failures.

    Raises
    ------
    AssertionError
        Naming the files that are not.
    """
    expected, found = undisturbed.sums(), run.sums()
    wrong = [name for name in found if found[name] != expected.get(name)]
    assert not wrong, f"not as in an undisturbed run: {wrong}"


def require_finished(run: Run, undisturbed: Run, *arguments: str) -> Ended:
    """Start Snakemake again, and check that the dataset is that of a run without failures.

    Raises
    ------
    AssertionError
        If it fails, or one byte differs.
    """
    ended = run.call(*arguments)
    assert ended.code == 0, ended.said
    require_whole(run, undisturbed)
    missing = undisturbed.sums().keys() - run.sums().keys()
    assert not missing, f"not made: {missing}"
    assert run.digest() == undisturbed.digest()
    return ended
