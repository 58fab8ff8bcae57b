"""Snakemake as a user calls it, on the loopback cluster and without it."""

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.workflow.test_workflow import checkout

DATASET = "results/small/dataset/dataset.json"
CONFIG = {
    "name": "small",
    "seed": 3,
    "processes": {"qcd": {"events": 150}, "hbb": {"events": 150}},
    "views": {
        "nominal": {},
        "fsr_up": {"variation": "fsr_up"},
        "resmeared": {"redo": "detector", "of": "nominal"},
    },
    "hard": {"chunk_events": 150},
    "training": yaml.safe_load((Path(__file__).parents[1] / "workflow/training.yaml").read_text()),
}
# Jobs are over soon here; who asks in vain waits 10 s longer.
HERE = ("--slurm-init-seconds-before-status-checks=6", "--latency-wait=10")


def clone(folder: Path, **blocks) -> Path:
    """A fresh clone with a config."""
    (checkout(folder) / "my.yaml").write_text(yaml.safe_dump({**CONFIG, **blocks}))
    return folder


@contextmanager
def started(folder, environment, *arguments, profile="slurm"):
    """Snakemake in a process of its own, what it says in one pipe; it ends with the block.

    What it said until a test fails is printed.
    """
    command = [sys.executable, "-m", "snakemake", "--configfile=my.yaml"]
    command += [f"--workflow-profile=workflow/profiles/{profile}", *arguments]
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "PATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    except AssertionError:
        process.kill()
        print(process.communicate()[0])  # noqa: T201, pytest shows it
        raise
    finally:
        process.kill()
        process.communicate()


def ended(process, seconds=420.0):
    """Exit code and output of a run; what it said until then if it goes on for too long."""
    try:
        said = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"still running after {seconds:.0f} s:\n{process.communicate()[0]}")
    return process.returncode, said


def run(folder, environment, *arguments, profile="slurm"):
    """Exit code and output of a run from its start to its end."""
    with started(folder, environment, *arguments, profile=profile) as process:
        return ended(process)


def digest(folder, part="dataset"):
    """`rs3l-data digest` of a run's dataset, or of a shard."""
    command = [sys.executable, "-m", "rs3l_data", "digest", f"results/small/{part}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for(condition, what, seconds=60.0):
    """What `condition` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"no {what} in {seconds:.0f} s"
        time.sleep(0.2)
    return answer
