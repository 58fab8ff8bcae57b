"""What is wrong with a cluster or a profile is said once, in one line, before any job is sent."""

import os
import shutil
import sys
from pathlib import Path

import rs3l_data
from tests.cluster.runs import DATASET, HERE, clone, run

PACKAGE = Path(rs3l_data.__file__).parent


def error_line(said):
    """The one line of the error; nothing was sent."""
    assert "Traceback" not in said
    assert "has been submitted" not in said
    _, _, after = said.partition("WorkflowError")
    return after.splitlines()[1]


def test_a_partition_that_does_not_exist(slurm, tmp_path):
    folder = clone(tmp_path / "clone")
    wrong = "--default-resources=slurm_partition=nowhere"
    code, said = run(folder, slurm.environment, *HERE, wrong, DATASET)
    assert code == 1
    assert "--partition=nowhere" in error_line(said)
    assert "Invalid partition name specified" in error_line(said)
    assert "`sinfo`" in error_line(said)


def test_more_memory_than_any_node_has(slurm, tmp_path):
    folder = clone(tmp_path / "clone")
    wrong = "--set-resources=pack:mem_mb=900000"
    code, said = run(folder, slurm.environment, *HERE, wrong, DATASET)
    assert code == 1
    assert "jobs of rule pack" in error_line(said)
    assert "--mem=900000" in error_line(said)


def test_nodes_whose_environment_lacks_the_package(slurm, tmp_path):
    folder = clone(tmp_path / "clone")
    empty = tmp_path / "rs3l_data"
    empty.mkdir()
    (empty / "__init__.py").touch()
    # The node has mounts of its own, as another machine has: an empty package in its place.
    hide = f'mount --bind "{empty}" "{PACKAGE}" && exec "$@"'
    slurm.stop_node()
    slurm.start_node("unshare", "--mount", "sh", "-c", hide, "sh")
    try:
        code, said = run(folder, slurm.environment, *HERE, DATASET)
    finally:
        slurm.stop_node()
        slurm.start_node()
    assert code == 1
    assert "the environment of a node" in error_line(said)
    assert sys.executable in error_line(said)
    assert "rs3l_data" in error_line(said)


def test_a_profile_without_its_plugin(tmp_path):
    folder = clone(tmp_path / "clone")
    shutil.copytree(folder / "workflow/profiles/slurm", folder / "workflow/profiles/lsf")
    config = folder / "workflow/profiles/lsf/config.yaml"
    config.write_text(config.read_text().replace("executor: slurm", "executor: lsf"))
    code, said = run(folder, os.environ, DATASET, profile="lsf")
    assert code != 0
    last = said.strip().splitlines()[-1]
    assert "invalid choice: 'lsf'" in last
