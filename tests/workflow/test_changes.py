"""Which jobs a change of the config asks for: all that depend on it, and no other.

The commands are replaced by ones that only write their files' names; Snakemake is the real one.
"""

import copy
import os
import re
import shutil
import subprocess
import time

import pytest
import yaml

from rs3l_data.describe.catalogue import entry
from tests.workflow.test_workflow import checkout, snakemake

BASE = {
    "name": "small",
    "seed": 3,
    # Chunks of 2, 2 and 1 events, and one of 2.
    "processes": {"hbb": {"events": 5}, "top": {"events": 2}},
    "views": {
        "nominal": {},
        "resmeared": {"redo": "detector", "of": "nominal"},
        "up": {"variation": "fsr_up"},
    },
    "hard": {"chunk_events": 2},
    "training": {
        "pretrain": {"views_seen": 10},
        "task": {"background": ["top"]},
        "evaluation": {"max_jets": 10},
    },
}
TOP = entry("processes", "top")
TAUS_TO_MUONS = {**TOP, "settings": [*TOP["settings"], "15:onMode = off", "15:onIfAny = 13"]}
CHUNKS = ["hbb, chunk 0000", "hbb, chunk 0001", "hbb, chunk 0002", "top, chunk 0000"]

DATA = r"""#!/bin/sh
command=$1 folder=$3
while [ $# -gt 0 ]; do
  case $1 in --out) touch "$2";; esac
  shift
done
if [ "$command" = manifest ]; then touch "$folder/dataset.json"; fi
"""
TRAIN = r"""#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in --out) mkdir -p "$2"; touch "$2/weights.safetensors" "$2/metrics.json";; esac
  shift
done
"""


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """Commands that do nothing but leave files."""
    folder = tmp_path_factory.mktemp("bin")
    for name, text in (("rs3l-data", DATA), ("rs3l-train", TRAIN)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory, commands):
    folder = checkout(tmp_path_factory.mktemp("changes") / "clone")
    (folder / "my.yaml").write_text(yaml.safe_dump(BASE, sort_keys=False))
    result = snakemake(folder, "--cores", "1", first_in_path=commands)
    assert result.returncode == 0, result.stdout
    return folder


def planned(folder, config):
    """Give the messages of the jobs that Snakemake would run."""
    (folder / "other.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    result = snakemake(folder, "-n", config="other.yaml")
    assert result.returncode == 0, result.stdout
    return set(re.findall(r"^Job \d+: (.*)$", result.stdout, re.MULTILINE))


def changed(**blocks):
    """Give the config with keys changed: `hard__pt` is `hard.pt`; None takes a key away."""
    config = copy.deepcopy(BASE)
    for path, value in blocks.items():
        *above, key = path.split("__")
        place = config
        for name in above:
            place = place.setdefault(name, {})
        if value is None:
            del place[key]
        else:
            place[key] = value
    return config


def jobs(what, chunks=CHUNKS):
    """Name the jobs of a kind: `hard`, `pack`, or a shower."""
    match what:
        case "hard":
            return {f"Hard process {chunk}" for chunk in chunks}
        case "pack":
            return {f"Shard {chunk.replace(', chunk ', '-')}" for chunk in chunks}
    return {f"Shower {what} of {chunk}" for chunk in chunks}


def simulated(chunks=CHUNKS):
    return (
        jobs("hard", chunks) | jobs("nominal", chunks) | jobs("up", chunks) | jobs("pack", chunks)
    )


REPORT = {"Report results/small/report.html"}
STUDY = {"Probe, fine-tuned and from-scratch taggers"} | REPORT
TRAINING = {"Pretraining"} | STUDY
ABOVE = {"Manifest of the dataset"} | TRAINING
"""What follows from any change of the dataset"""

CASES = {
    "nothing": ({}, set()),
    "more events: the last chunk, which was not full, and new ones": (
        {"processes__hbb__events": 8},
        simulated(["hbb, chunk 0002", "hbb, chunk 0003"]) | ABOVE,
    ),
    "more events behind full chunks: new ones alone": (
        {"processes__top__events": 4},
        simulated(["top, chunk 0001"]) | ABOVE,
    ),
    "fewer events, whole chunks": ({"processes__hbb__events": 4}, ABOVE),
    "a process more": (
        {"processes__qcd": {"events": 1}},
        simulated(["qcd, chunk 0000"]) | ABOVE,
    ),
    # No background is left to train with.
    "a process less": ({"processes__top": None, "training": None}, ABOVE - TRAINING | REPORT),
    "a view with a shower of its own": (
        {"views__seed": {}},
        jobs("seed") | jobs("pack") | ABOVE,
    ),
    "a view that shares a shower": (
        {"views__again": {"redo": "hadronization", "of": "up"}},
        jobs("up") | jobs("pack") | ABOVE,
    ),
    "a view less": ({"views__up": None}, jobs("pack") | ABOVE),
    "a view's settings": (
        {"views__up__variation": "fsr_down"},
        jobs("up") | jobs("pack") | ABOVE,
    ),
    "a view's detector": (
        {"views__up__detector": {"ecal_scale": 1.02}},
        jobs("up") | jobs("pack") | ABOVE,
    ),
    "the detector of a view that shares a shower": (
        {"views__resmeared__detector": {"ecal_scale": 1.02}},
        jobs("nominal") | jobs("pack") | ABOVE,
    ),
    "a cut on jets": (
        {"jets__pt": [300.0, 1e6]},
        jobs("nominal") | jobs("up") | jobs("pack") | ABOVE,
    ),
    "the split": (
        {"split": {"train": 0.6, "validation": 0.2, "test": 0.2}},
        jobs("pack") | ABOVE,
    ),
    "the compression": ({"store__compression": "gzip"}, jobs("pack") | ABOVE),
    "a process's settings": (
        {"processes__top__initiators": [24]},
        simulated(["top, chunk 0000"]) | ABOVE,
    ),
    "how a particle decays in one process": (
        {"processes__top": {"events": 2, **TAUS_TO_MUONS}},
        simulated(["top, chunk 0000"]) | ABOVE,
    ),
    "the seed": ({"seed": 4}, simulated() | ABOVE),
    "the pretraining": ({"training__pretrain__views_seen": 20}, TRAINING),
    "what is measured": ({"training__evaluation__max_jets": 20}, STUDY),
    "the validation": ({"validation__events": 20}, set()),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_asks_for_what_depends_on_it(finished, case):
    change, expected = CASES[case]
    assert planned(finished, changed(**change)) == expected


def test_other_chunks_are_other_files(finished):
    chunks = [f"hbb, chunk {i:04d}" for i in range(5)] + ["top, chunk 0000", "top, chunk 0001"]
    assert planned(finished, changed(hard__chunk_events=1)) == simulated(chunks) | ABOVE


def test_a_change_of_code_alone_asks_for_nothing(finished, tmp_path):
    folder = tmp_path / "newer"
    shutil.copytree(finished, folder)
    rule = folder / "workflow/rules/simulate.smk"
    rule.write_text(rule.read_text().replace("rs3l-data hard", "nice rs3l-data hard"))
    assert planned(folder, BASE) == set()


def test_a_report_that_is_gone_is_made_again_and_nothing_else(finished, tmp_path):
    folder = tmp_path / "gone"
    shutil.copytree(finished, folder)
    (folder / "results/small/report.html").unlink()
    assert planned(folder, BASE) == REPORT


INTERRUPTED = {
    "hard": ({"seed": 4}, simulated() | ABOVE),
    "resimulate": (
        {"views__up__variation": "fsr_down"},
        jobs("up") | jobs("pack") | ABOVE,
    ),
    "pack": ({"split": {"train": 0.6, "validation": 0.2, "test": 0.2}}, jobs("pack") | ABOVE),
    "manifest": ({"processes__hbb__events": 4}, ABOVE),
    "pretrain": ({"training__pretrain__views_seen": 20}, TRAINING),
    "study": ({"training__evaluation__max_jets": 20}, STUDY),
}


@pytest.mark.parametrize("command", INTERRUPTED)
def test_a_change_is_still_to_be_done_when_its_first_job_was_killed(
    finished, commands, tmp_path, command
):
    """Snakemake removes what a job made before, and does not look for it the next time."""
    change, expected = INTERRUPTED[command]
    folder = tmp_path / "interrupted"
    shutil.copytree(finished, folder)
    start_and_fail(folder, changed(**change), commands, tmp_path / "bin", command)
    assert planned(folder, changed(**change)) == expected
    # So is what it takes to go back, without the other chunks' simulation.
    if command == "resimulate":
        back = planned(folder, BASE)
        assert back >= jobs("pack") | ABOVE
        assert len(back & jobs("up")) == 1
        assert not back & (jobs("hard") | jobs("nominal"))
    assert planned(folder, BASE) >= REPORT


def test_a_file_that_was_asked_for_alone_and_not_made_is_made_with_what_follows(
    finished, commands, tmp_path
):
    folder = tmp_path / "interrupted"
    shutil.copytree(finished, folder)
    change = changed(views__up__variation="fsr_down")
    target = "results/small/views/top/0000/up.h5"
    start_and_fail(folder, change, commands, tmp_path / "bin", "resimulate", target)
    assert planned(folder, change) == jobs("up") | jobs("pack") | ABOVE


def test_a_shard_is_made_again_alone_where_hard_events_and_views_were_removed(
    finished, commands, tmp_path
):
    """As the page on failures says, so that the manifest stays, which all chunks go into."""
    folder = tmp_path / "without"
    shutil.copytree(finished, folder)
    for name in ("hard", "views"):
        shutil.rmtree(folder / "results/small" / name)
    shard = "results/small/dataset/hbb-0001.h5"
    (folder / shard).unlink()
    for arguments in (["--no-hooks", "--force", shard], ["--touch", "--forceall"]):
        result = snakemake(folder, "--cores", "1", *arguments, first_in_path=commands)
        assert result.returncode == 0, result.stdout
    assert (folder / shard).exists()
    assert planned(folder, BASE) == set()


def test_a_change_is_still_to_be_done_when_files_of_the_future_were_dated_as_told(
    finished, tmp_path
):
    folder = tmp_path / "ahead"
    shutil.copytree(finished, folder)
    tomorrow = time.time() + 86400
    os.utime(folder / "results/small/hard/top/0000.h5", (tomorrow, tomorrow))
    change = changed(views__up__variation="fsr_down")
    (folder / "other.yaml").write_text(yaml.safe_dump(change, sort_keys=False))
    refused = snakemake(folder, "--cores", "1", config="other.yaml")
    assert refused.returncode == 1
    assert "dated in the future" in refused.stdout
    told = re.search(r"find results/small/ .*", refused.stdout)
    subprocess.run(told[0], cwd=folder, shell=True, check=True)
    assert planned(folder, BASE) == set()
    assert planned(folder, change) == jobs("up") | jobs("pack") | ABOVE


def test_a_dry_run_removes_nothing(finished):
    before = sorted(finished.glob("results/**/*.*"))
    planned(finished, changed(seed=4))
    assert sorted(finished.glob("results/**/*.*")) == before


def start_and_fail(folder, config, commands, bin_folder, command, *targets):
    """Start a run in which each job of a command is killed."""
    bin_folder.mkdir()
    for name in ("rs3l-data", "rs3l-train"):
        script = f'#!/bin/sh\n[ $1 = {command} ] && kill -9 $$\nexec {commands / name} "$@"\n'
        (bin_folder / name).write_text(script)
        (bin_folder / name).chmod(0o755)
    (folder / "other.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    arguments = ("--cores", "1", "--", *targets)
    result = snakemake(folder, *arguments, config="other.yaml", first_in_path=bin_folder)
    assert result.returncode != 0, result.stdout
