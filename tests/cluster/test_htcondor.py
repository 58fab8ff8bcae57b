"""What the HTCondor profile submits, taken by an imitated pool: see `pool/sitecustomize.py`."""

import json
import os
from pathlib import Path

import pytest

import rs3l_data
from tests.cluster.runs import DATASET, clone, digest, run

POOL = Path(__file__).parent / "pool"
TINY = {
    "processes": {"hbb": {"events": 10}},
    "views": {"nominal": {}},
    "training": None,  # which would compare views
    "hard": {"chunk_events": 10},
}


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """A folder after a run, and the descriptions that it submitted, in order."""
    folder = clone(tmp_path_factory.mktemp("htcondor") / "clone", **TINY)
    submitted = folder / "pool"
    submitted.mkdir()
    package = str(Path(rs3l_data.__file__).parents[1])
    environment = {
        **os.environ,
        "POOL": str(submitted),
        "POOL_HOLDS": "resimulate",
        "POOL_PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]),
        "PYTHONPATH": os.pathsep.join([str(POOL), package, os.environ.get("PYTHONPATH", "")]),
    }
    code, said = run(folder, environment, DATASET, profile="htcondor")
    assert code == 0, said
    files = sorted(submitted.glob("*.json"))
    return folder, [json.loads(path.read_text()) for path in files]


def rule(description):
    return description["batch_name"].partition("-")[0]


def test_every_job_is_submitted_once_and_a_held_one_again(pool):
    assert [rule(one) for one in pool[1]] == [
        "hard",
        "resimulate",
        "resimulate",
        "pack",
        "manifest",
    ]


def test_a_job_asks_for_its_memory_time_and_path(pool):
    hard = pool[1][0]
    assert hard["request_cpus"] == "1"
    assert hard["request_memory"] == "1500MB"
    assert hard["allowed_execute_duration"] == str(8 * 3600)
    assert hard["getenv"] == "PATH,OMP_NUM_THREADS,NPY_DISABLE_CPU_FEATURES"
    assert hard["log"] == "results/htcondor-logs/snakemake-rules.log"
    assert "should_transfer_files" not in hard


def test_a_held_job_is_tried_again_with_more(pool):
    first, second = (one for one in pool[1] if rule(one) == "resimulate")
    assert (first["request_memory"], second["request_memory"]) == ("1500MB", "3000MB")
    assert second["allowed_execute_duration"] == str(16 * 3600)


def test_the_dataset_is_the_local_one(pool, tmp_path):
    folder = clone(tmp_path / "clone", **TINY)
    code, said = run(folder, os.environ, "--cores=1", DATASET, profile="default")
    assert code == 0, said
    assert digest(pool[0]) == digest(folder)
