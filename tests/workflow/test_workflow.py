"""The workflow as a user runs it: all of it, again, on other cores, with wrong input, killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.archive_server import Fault, running

ROOT = Path(__file__).parents[2]
SMALL = {
    "name": "small",
    "seed": 3,
    "processes": {"qcd": {"events": 24}, "hbb": {"events": 24}},
    "views": {"nominal": {}, "fsr_up": {"variation": "fsr_up"}},
    "hard": {"chunk_events": 12},
}


def checkout(folder):
    """Lay out what a fresh clone has for Snakemake."""
    folder.mkdir()
    for part in ("workflow", "config"):
        shutil.copytree(ROOT / part, folder / part)
    for part in ("Snakefile", "profiles"):
        shutil.copy(ROOT / part, folder, follow_symlinks=False)
    return folder


def write_config(folder, **blocks):
    path = folder / "my.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **blocks}))
    return path


def snakemake(folder, *arguments, config="my.yaml", first_in_path=None):
    command = [sys.executable, "-m", "snakemake", "--configfile", config, *arguments]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    if first_in_path is not None:
        path = f"{first_in_path}:{path}"
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def command(package, *arguments):
    line = [sys.executable, "-m", package, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def rs3l_data(*arguments):
    return command("rs3l_data", *arguments)


# One worker has them all, so that the run is made once.
on_one_run = pytest.mark.xdist_group("finished")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small run, training included."""
    folder = checkout(tmp_path_factory.mktemp("run") / "clone")
    training = yaml.safe_load((ROOT / "tests/workflow/training.yaml").read_text())
    write_config(folder, training=training)
    result = snakemake(folder, "--cores", "2")
    assert result.returncode == 0, result.stdout
    return folder


@on_one_run
def test_a_run_ends_in_dataset_report_and_tagger(finished):
    results = finished / "results/small"
    manifest = json.loads((results / "dataset/dataset.json").read_text())
    assert manifest["processes"]["qcd"]["n_events"] == 24
    assert len(manifest["files"]) == 4
    report = (results / "report.html").read_text()
    assert "fsr_up" in report
    rows = json.loads((results / "training/study/metrics.json").read_text())["rows"]
    assert {row["mode"] for row in rows} == {"probe", "full", "scratch", "trees"}
    log = (results / "logs/resimulate/qcd-0000-nominal.log").read_text()
    assert "12/12 events" in log
    assert "Pythia says of the shower: " in log


@on_one_run
def test_run_again_there_is_nothing_to_be_done(finished):
    result = snakemake(finished, "--cores", "2")
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout


@on_one_run
def test_cores_and_chunks_leave_the_digest_alone(finished, tmp_path):
    folder = checkout(tmp_path / "other")
    write_config(folder, hard={"chunk_events": 24})
    target = "results/small/dataset/dataset.json"
    result = snakemake(folder, "--cores", "1", target)
    assert result.returncode == 0, result.stdout
    answers = [
        rs3l_data("digest", each / "results/small/dataset").stdout for each in (finished, folder)
    ]
    assert len(answers[0]) == 65
    assert answers[0] == answers[1]


@on_one_run
def test_the_dataset_goes_through_a_bad_archive_to_another_tagger(finished, tmp_path):
    dataset = finished / "results/small/dataset"
    about = tmp_path / "about.yaml"
    about.write_text(yaml.safe_dump({"title": "Jets", "creators": [{"name": "Curie, Marie"}]}))
    record, here = tmp_path / "record", tmp_path / "here"
    publish = ("publish", dataset, "--to", record, "--about", about, "--shard-size", "80kB")
    assert rs3l_data(*publish).returncode == 0
    with running() as archive:
        archive.add("1", record)
        for path in record.glob("*.h5"):
            archive.faults[path.name] = [
                Fault(cut_after=path.stat().st_size // 3),
                Fault(status=429, headers={"Retry-After": "0"}),
                Fault(corrupt=True),
            ]
        fetch = ("download", f"{archive.url}/records/1", "--to", here, "--json")
        first = json.loads(rs3l_data(*fetch).stdout)
        assert first["fetched"] == first["files"] == len([*record.iterdir()])
    # The archive is gone: a second call and the validation need no network.
    assert json.loads(rs3l_data(*fetch).stdout)["fetched"] == 0
    assert json.loads(rs3l_data("validate", here, "--json").stdout)["valid"]
    assert rs3l_data("digest", here).stdout == rs3l_data("digest", dataset).stdout
    config = tmp_path / "training.yaml"
    training = yaml.safe_load((ROOT / "tests/workflow/training.yaml").read_text())
    config.write_text(yaml.safe_dump({"training": training}))
    run = ("run", "--data", here, "--config", config, "--out", tmp_path / "run")
    done = command("rs3l_train", *run)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "study" / "metrics.json").read_text())
    assert {row["mode"] for row in metrics["rows"]} == {"probe", "full", "scratch", "trees"}


def test_a_wrong_config_stops_before_any_job(tmp_path):
    folder = checkout(tmp_path / "wrong")
    write_config(folder, views={"nominal": {"variation": "fsr_upp"}})
    result = snakemake(folder, "--cores", "1")
    assert result.returncode != 0
    assert "did you mean 'fsr_up'?" in result.stdout
    assert not (folder / "results").exists()


def test_a_killed_job_leaves_nothing_that_counts_as_a_result(tmp_path):
    # What a shell runs in the background ignores this signal, and what that starts does, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # So many events that no machine is done with them when the signal comes.
    n = 4000
    config = write_config(tmp_path, processes={"qcd": {"events": n}}, hard={"chunk_events": n})
    hard = tmp_path / "hard.h5"
    assert rs3l_data("hard", config, "qcd", 0, "--out", hard).returncode == 0
    command = [sys.executable, "-m", "rs3l_data", "resimulate", str(config), str(hard), "nominal"]
    for stop in (signal.SIGKILL, signal.SIGINT):
        out = tmp_path / f"{stop.name}.h5"
        with subprocess.Popen(
            [*command, "--out", str(out)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        ) as job:
            time.sleep(2.0)
            job.send_signal(stop)
            assert job.wait() != 0
        assert not out.exists()


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "truncated or damaged"),
        (lambda path: path.write_text("no HDF5"), "not an HDF5 file"),
        (lambda path: path.unlink(), "no such file"),
    ],
)
def test_broken_hard_events_are_named(tmp_path, break_it, message):
    config = write_config(tmp_path, processes={"hbb": {"events": 2}})
    hard = tmp_path / "hard.h5"
    assert rs3l_data("hard", config, "hbb", 0, "--out", hard).returncode == 0
    break_it(hard)
    result = rs3l_data("resimulate", config, hard, "nominal", "--out", tmp_path / "out.h5")
    assert result.returncode == 2
    assert f"error: {hard}: " in result.stderr
    assert message in result.stderr
    assert not (tmp_path / "out.h5").exists()


def test_hard_events_of_another_config_are_refused(tmp_path):
    config = write_config(tmp_path, processes={"hbb": {"events": 2}})
    hard = tmp_path / "hard.h5"
    assert rs3l_data("hard", config, "hbb", 0, "--out", hard).returncode == 0
    write_config(tmp_path, processes={"hbb": {"events": 2}}, seed=4)
    result = rs3l_data("resimulate", config, hard, "nominal", "--out", tmp_path / "out.h5")
    assert result.returncode == 2
    assert "differs in seed (3 then, 4 now)" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hard", "CONFIG", "qdc", "0"], "did you mean 'qcd'?"),
        (["hard", "CONFIG", "qcd", "9"], "chunks 0 to 1"),
        (["check", "none.yaml"], "none.yaml: no such file"),
        (["check", "."], ".: a folder, expected a file"),
        (["hard", "CONFIG", "qcd", "0", "--out", "."], "is a directory"),
        (["manifest", "CONFIG", "CONFIG", "."], "no such file"),
        (["digest", "nowhere"], "nowhere"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_message(tmp_path, arguments, message):
    config = str(write_config(tmp_path))
    needs_out = arguments[0] == "hard" and "--out" not in arguments
    out = ["--out", str(tmp_path / "out.h5")] if needs_out else []
    result = rs3l_data(*[config if a == "CONFIG" else a for a in arguments], *out)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_the_workflow_refuses_a_key_that_stands_twice(tmp_path):
    folder = checkout(tmp_path / "twice")
    path = write_config(folder)
    path.write_text(path.read_text() + "seed: 4\n")
    result = snakemake(folder, "--cores", "1", "-n")
    assert result.returncode == 1
    assert "my.yaml: line" in result.stdout
    assert "the key 'seed' stands in line" in result.stdout


def test_a_wrong_key_of_the_command_line_is_not_blamed_on_the_file_alone(tmp_path):
    folder = checkout(tmp_path / "overridden")
    write_config(folder)
    result = snakemake(folder, "-n", "--config", "sed=4")
    assert "my.yaml and --config: sed: unknown key; did you mean 'seed'?" in result.stdout


def test_what_the_users_own_profile_says_holds(tmp_path):
    folder = checkout(tmp_path / "profile")
    write_config(folder)
    (folder / "own").mkdir()
    (folder / "own/config.yaml").write_text("printshellcmds: true\n")
    result = snakemake(folder, "-n", "--profile", "own")
    assert result.returncode == 0, result.stdout
    assert "rs3l-data hard results/small/config.yaml qcd 0000" in result.stdout


def test_a_setting_that_pythia_refuses_is_found_by_check(tmp_path):
    config = write_config(tmp_path, views={"mine": {"variation": ["TimeShower:pTminn = 1"]}})
    result = rs3l_data("check", config)
    assert result.returncode == 2
    assert f"{config}: views.mine: " in result.stderr
    assert "'TimeShower:pTminn = 1': no such setting" in result.stderr


def test_validation_asks_for_one_pass_events_of_each_setting(tmp_path):
    folder = checkout(tmp_path / "plan")
    views = {**SMALL["views"], "again": {"redo": "hadronization", "of": "nominal"}}
    write_config(folder, views=views, validation={"events": 20})
    result = snakemake(folder, "--cores", "1", "-n", "validation")
    assert result.returncode == 0, result.stdout
    counts = dict(line.split()[:2] for line in result.stdout.splitlines() if len(line.split()) == 2)
    # Two processes, two chunks of 12 and 8 events, two settings: the rehadronised view shares one.
    assert counts["onepass"] == "8"
    assert counts["validation"] == "1"
    assert "report" not in counts
