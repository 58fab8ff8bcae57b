"""The workflow through real daemons makes what it makes without them."""

from collections import Counter

import h5py
import hdf5plugin  # noqa: F401, the files' filters
import numpy as np

from tests.cluster.runs import DATASET, HERE, clone, digest, run

PRETRAINED = "results/small/training/pretrain/weights.safetensors"
HARD = [f"results/small/hard/{process}/0000.h5" for process in ("qcd", "hbb")]
# What arrays need: no limit on the jobs that are sent together.
UNLIMITED = ("--jobs=10000", "--max-jobs-per-timespan=10000/1s")


def rules(slurm, before=()):
    """Rule, and record in Slurm, of each job that was not there before."""
    seen = {job["job_id"] for job in before}
    new = [job for job in slurm.jobs() if job["job_id"] not in seen]
    return [(job["comment"].removeprefix("rule_").partition("_")[0], job) for job in new]


def test_a_dataset_made_through_slurm_is_the_local_one(slurm, expected, tmp_path):
    before = slurm.jobs()
    folder = clone(tmp_path / "clone")
    code, said = run(folder, slurm.environment, *HERE, DATASET, PRETRAINED)
    assert code == 0, said
    assert digest(folder) == digest(expected)

    jobs = rules(slurm, before)
    counts = Counter(rule for rule, _ in jobs)
    del counts[""]  # what was asked and tried before
    assert counts == {"hard": 2, "resimulate": 4, "pack": 2, "manifest": 1, "pretrain": 1}
    assert {job["job_state"] for rule, job in jobs if rule} == {"COMPLETED"}
    gpus = {rule: job["tres_per_job"] for rule, job in jobs}
    assert gpus["pretrain"] == "gres:gpu:1"
    assert gpus["resimulate"] == ""
    logs = folder / "results/slurm-logs"
    assert not [*logs.rglob("*.log")], "what succeeded leaves no log of Slurm's"
    assert (folder / "results/small/logs/resimulate/qcd-0000-fsr_up.log").exists()


def test_jobs_of_a_rule_can_go_as_one_array(slurm, expected, tmp_path):
    before = slurm.jobs()
    folder = clone(tmp_path / "clone")
    arguments = (*HERE, *UNLIMITED, "--slurm-array-jobs=hard", *HARD)
    code, said = run(folder, slurm.environment, *arguments)
    assert code == 0, said
    tasks = [job["array_task_id"] for rule, job in rules(slurm, before) if rule == "hard"]
    assert sorted(tasks) == [1, 2]
    for path in HARD:
        assert same_tables(folder / path, expected / path)


def same_tables(one, other):
    """Whether two HDF5 files hold the same datasets."""
    with h5py.File(one) as a, h5py.File(other) as b:
        names = []
        a.visititems(lambda name, node: names.append(name) if hasattr(node, "shape") else None)
        assert names
        return all(np.array_equal(a[name][()], b[name][()]) for name in names)
