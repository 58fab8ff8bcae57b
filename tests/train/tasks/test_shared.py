"""Two processes share a training, and the trainings of a study."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from rs3l_train.tasks.finetune import finetune
from rs3l_train.tasks.study import study
from tests.train.conftest import changed, write_config
from tests.train.results import records, without_times
from tests.train.tasks.conftest import QUICK


@pytest.fixture(scope="module")
def config_file(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("config"), QUICK)


def two_processes(command, folder, config_file, *more):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    arguments = ["--data", str(folder), "--config", str(config_file), *map(str, more)]
    done = subprocess.run(
        [*launcher, "--nproc-per-node", "2", "-m", "rs3l_train", command, *arguments],
        check=True,
        timeout=600,
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("metrics.json") == 1
    return done.stderr


def test_two_processes_share_a_training(dataset, quick, folder, config_file, pretrained, tmp_path):
    # Each process has a part; parts of other sizes are rounded otherwise, and neighbours change.
    in_parts = changed(quick, finetune={"parts": 2})
    finetune(dataset, in_parts, pretrained, "full", 20, tmp_path / "one")
    options = ["--pretrained", pretrained, "--mode", "full", "--labels", "20"]
    two_processes("finetune", folder, config_file, *options, "--out", tmp_path / "two")
    found, expected = records(tmp_path / "two"), records(tmp_path / "one")
    assert len(found) > 2
    assert found == [pytest.approx(record, rel=1e-6) for record in expected]


def test_two_processes_share_out_a_run(dataset, folder, quick, config_file, pretrained, tmp_path):
    expected = study(dataset, quick, pretrained, tmp_path / "one")
    options = ["--pretrained", pretrained, "--out"]
    told = two_processes("study", folder, config_file, *options, tmp_path / "two")
    assert "draw 1: AUC" in told
    assert "done before" not in told
    found = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert without_times(found) == without_times(expected)
    two_processes("run", folder, config_file, "--out", tmp_path / "run")
    rows = json.loads((tmp_path / "run" / "study" / "metrics.json").read_text())["rows"]
    assert len(rows) == len(expected["rows"])
