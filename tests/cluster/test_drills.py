"""Jobs that Slurm kills, nodes and controllers that go: the same jets in the end."""

import os
import signal
import time

import pytest

from tests.cluster.daemons import NODE
from tests.cluster.runs import CONFIG, DATASET, HERE, clone, digest, ended, started, wait_for

# Without hbb there is nothing to tag.
ONE = {"processes": {"qcd": CONFIG["processes"]["qcd"]}, "training": None}
SHARD = "dataset/qcd-0000.h5"


@pytest.fixture
def folder(tmp_path):
    """A clone that will simulate one of the two processes."""
    return clone(tmp_path / "clone", **ONE)


def run_until(slurm, rule):
    """Wait until a node works on a rule; those jobs."""
    return wait_for(lambda: slurm.running(rule), f"job of {rule} at work", seconds=150.0)


def lose_the_node(slurm):
    """Take the node from under its jobs and bring it back."""
    slurm.kill_node()
    slurm.ask("scontrol", "update", f"NodeName={NODE}", "State=DOWN", "Reason=drill")
    time.sleep(1.0)
    slurm.ask("scontrol", "update", f"NodeName={NODE}", "State=RESUME")
    slurm.start_node()


def stop_processes(slurm):
    """Stop those of the jobs, with what they start meanwhile; a job that runs may have none yet."""
    stopped = set()
    while new := {*slurm.processes(watchers=False)} - stopped:
        for pid in new:
            os.kill(pid, signal.SIGSTOP)
        stopped |= new
    return stopped


@pytest.mark.parametrize("requeue", ["--slurm-requeue", "--slurm-no-requeue"])
def test_a_node_goes_during_a_job_and_comes_back(slurm, expected, folder, requeue):
    with started(folder, slurm.environment, *HERE, requeue, DATASET) as process:
        (lost, *_) = run_until(slurm, "hard")
        lose_the_node(slurm)
        code, said = ended(process)
    assert code == 0, said
    assert digest(folder, SHARD) == digest(expected, SHARD)
    by_snakemake = requeue == "--slurm-no-requeue"
    assert slurm.states()[lost] == ("NODE_FAIL" if by_snakemake else "COMPLETED")
    assert ("Trying to restart job" in said) == by_snakemake


def test_a_hung_job_and_one_out_of_memory_are_tried_again_with_more(slurm, expected, folder):
    scarce = (
        "hard:runtime=1 if attempt == 1 else 10",
        "pack:mem_mb=60 if attempt == 1 else 1500",
    )
    arguments = (*HERE, "--set-resources", *scarce, "--", DATASET)
    with started(folder, slurm.environment, *arguments) as process:
        (hung, *_) = run_until(slurm, "hard")
        wait_for(lambda: stop_processes(slurm), "process of the job", seconds=60.0)
        code, said = ended(process)
    assert code == 0, said
    assert digest(folder, SHARD) == digest(expected, SHARD)
    assert slurm.states()[hung] == "TIMEOUT"
    first, second = slurm.of_rule("pack", since=hung)
    assert first["job_state"] != "COMPLETED"
    assert second["job_state"] == "COMPLETED"
    assert said.count("Trying to restart job") == 2
    logs = (folder / "results/slurm-logs/rule_pack").rglob(f"{first['job_id']}.log")
    assert "memory" in next(logs).read_text()


def test_the_controller_goes_and_then_snakemake_is_killed(slurm, expected, folder):
    with started(folder, slurm.environment, *HERE, DATASET) as process:
        log = folder / "results/small/logs/hard/qcd-0000.log"
        wait_for(log.exists, "job at work", seconds=150.0)
        slurm.stop_controller()
        time.sleep(15.0)
        slurm.start_controller()
        run_until(slurm, "resimulate")
        process.kill()
    with started(folder, slurm.environment, "--unlock") as process:
        assert ended(process)[0] == 0
    with started(folder, slurm.environment, *HERE, DATASET) as process:
        code, said = ended(process)
    assert code == 0, said
    assert "rule hard" not in said, "what was done before is not done again"
    assert digest(folder, SHARD) == digest(expected, SHARD)
