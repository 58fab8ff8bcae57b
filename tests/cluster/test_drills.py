"""Jobs that Slurm kills, nodes that go: the same dataset in the end."""

import os
import signal
import time

import pytest

from tests.cluster.daemons import NODE
from tests.cluster.runs import DATASET, HERE, clone, digest, ended, started, wait_for


def running(slurm, rule):
    """Jobs of a rule that a node works on."""
    return [
        job
        for job in slurm.jobs()
        if job["job_state"] == "RUNNING" and job["comment"].startswith(f"rule_{rule}")
    ]


@pytest.mark.parametrize("requeue", ["--slurm-requeue", "--slurm-no-requeue"])
def test_a_node_goes_during_a_job_and_comes_back(slurm, expected, tmp_path, requeue):
    folder = clone(tmp_path / "clone")
    with started(folder, slurm.environment, *HERE, requeue, DATASET) as process:
        wait_for(lambda: running(slurm, "resimulate"), "running job")
        slurm.kill_node()
        slurm.ask("scontrol", "update", f"NodeName={NODE}", "State=DOWN", "Reason=drill")
        lost = [job["job_id"] for job in slurm.jobs() if job["job_state"] == "NODE_FAIL"]
        slurm.ask("scontrol", "update", f"NodeName={NODE}", "State=RESUME")
        slurm.start_node()
        code, said = ended(process)
    assert code == 0, said
    assert digest(folder) == expected[1]
    if requeue == "--slurm-no-requeue":
        assert lost
        assert "NODE_FAIL" in said
        assert "Trying to restart job" in said


def test_a_job_out_of_memory_and_one_that_hangs_are_tried_again_with_more(
    slurm, expected, tmp_path
):
    folder = clone(tmp_path / "clone")
    scarce = (
        "--set-resources",
        "hard:runtime=1 if attempt == 1 else 10",
        "pack:mem_mb=60 if attempt == 1 else 1500",
    )
    with started(folder, slurm.environment, *HERE, DATASET, *scarce) as process:
        (hung, *_) = wait_for(lambda: running(slurm, "hard"), "running job")
        for pid in slurm.job_processes():
            os.kill(pid, signal.SIGSTOP)
        code, said = ended(process)
    assert code == 0, said
    assert digest(folder) == expected[1]
    states = {job["job_id"]: job["job_state"] for job in slurm.jobs()}
    assert states[hung["job_id"]] == "TIMEOUT"
    assert "TIMEOUT" in said
    assert "memory" in said


def test_the_controller_goes_for_a_while(slurm, expected, tmp_path):
    folder = clone(tmp_path / "clone")
    with started(folder, slurm.environment, *HERE, DATASET) as process:
        wait_for(lambda: running(slurm, "resimulate"), "running job")
        slurm.kill_controller()
        time.sleep(15.0)
        slurm.start_controller()
        code, said = ended(process)
    assert code == 0, said
    assert digest(folder) == expected[1]


def test_snakemake_is_killed_while_its_jobs_run_and_started_again(slurm, expected, tmp_path):
    folder = clone(tmp_path / "clone")
    with started(folder, slurm.environment, *HERE, DATASET) as process:
        wait_for(lambda: running(slurm, "resimulate"), "running job")
        process.kill()
    with started(folder, slurm.environment, "--unlock") as process:
        assert ended(process)[0] == 0
    with started(folder, slurm.environment, *HERE, DATASET) as process:
        code, said = ended(process)
    assert code == 0, said
    assert digest(folder) == expected[1]
