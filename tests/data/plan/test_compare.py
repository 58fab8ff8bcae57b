import json
import logging
import os

import pytest
import yaml
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.describe.cost import Cost
from rs3l_data.describe.resolved import Resolved
from rs3l_data.errors import InputFileError, RS3LError
from rs3l_data.plan.compare import Done, compare, jobs_done
from rs3l_data.plan.jobs import Job, jobs_of
from rs3l_data.plan.spent import Spent, read_spent, spent_by
from rs3l_data.plan.summary import summarise
from rs3l_data.progress import logging_to
from tests.data.conftest import make_config
from tests.data.report.conftest import write_benchmark

VIEWS = {"nominal": {}, "up": {"variation": "fsr_up"}}


@pytest.fixture
def run():
    processes = {"qcd": {"events": 30}}
    return Resolved(make_config(processes=processes, views=VIEWS, hard={"chunk_events": 20}))


def write_results(folder, jobs, factor):
    """A run on one core whose every job took so many times its planned time."""
    ended = 1e9
    for job in jobs:
        cpu_s, wall_s = factor * job.cost.cpu_s, 2 * factor * job.cost.cpu_s
        benchmark = folder / f"benchmarks/{job.path}.tsv"
        write_benchmark(benchmark, wall_s, "0.1", "50")
        ended += wall_s
        os.utime(benchmark, (ended, ended))
        log = folder / f"logs/{job.path}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(
            f"DEBUG took {wall_s:.2f} s by the clock, {cpu_s:.4f} s of CPU, 321 MB of memory\n"
        )


def test_a_run_that_took_twice_the_planned_time(run, tmp_path):
    jobs = jobs_of(run)
    plan = summarise(run, jobs, 1)
    write_results(tmp_path, jobs, 2.0)
    done = jobs_done(jobs, tmp_path)
    assert len(done) == len(jobs) == 9
    found = compare(done, plan, idle_s=0.0)
    assert found["total"]["ratio"] == pytest.approx(2.0, rel=1e-3)
    assert found["total"]["wall_ratio"] == pytest.approx(4.0, rel=1e-2)
    assert all(step["ratio"] == pytest.approx(2.0, rel=1e-3) for step in found["steps"])
    assert {step["view"] for step in found["steps"]} == {"", "nominal", "up"}
    assert found["steps"][0]["memory_mb"] == 321
    assert found["wall_s"] == pytest.approx(4 * sum(job.cost.cpu_s for job in jobs), rel=1e-3)
    planned = [step["planned_s"] for step in found["steps"]]
    assert found["total"]["planned_s"] == pytest.approx(sum(planned))
    assert len({*planned}) == len(planned)


def test_a_run_that_is_not_done_is_compared_as_far_as_it_is(run, tmp_path):
    jobs = jobs_of(run)
    write_results(tmp_path, jobs[:3], 1.0)
    found = compare(jobs_done(jobs, tmp_path), summarise(run, jobs, 1), 0.0)
    assert [(step["jobs_done"], step["jobs"]) for step in found["steps"]] == [(1, 2)] * 3
    assert (found["wall_s"], found["wall_ratio"]) == (None, None)
    (tmp_path / f"logs/{jobs[0].path}.log").unlink()
    found = compare(jobs_done(jobs, tmp_path), summarise(run, jobs, 1), 0.0)
    assert found["steps"][0]["ratio"] is found["steps"][0]["memory_mb"] is None
    assert found["steps"][0]["wall_s"] > 0
    # What two of three say is no sum of all, but what one of them needs at most.
    assert (found["total"]["ratio"], found["total"]["memory_mb"]) == (None, 321)


def test_jobs_that_are_done_may_follow_others_that_are_not(run, tmp_path):
    jobs = jobs_of(run)
    write_results(tmp_path, jobs[4:6], 1.0)
    assert [one.job for one in jobs_done(jobs, tmp_path)] == jobs[4:6]


def test_the_jobs_of_a_step_are_summed_up_and_the_largest_counts_for_memory():
    jobs = [
        Job("resimulate", "qcd", "up", "0000", Cost(10.0, 300.0, 1.0, True), ()),
        Job("resimulate", "qcd", "up", "0001", Cost(30.0, 200.0, 1.0, True), ()),
    ]
    done = [
        Done(jobs[0], wall_s=20.0, ended=1020.0, spent=Spent(20.0, 12.0, 350.0)),
        Done(jobs[1], wall_s=60.0, ended=1050.0, spent=Spent(60.0, 38.0, 250.0)),
    ]
    step = {"step": "resimulate", "process": "qcd", "view": "up", "jobs": 2}
    found = compare(done, {"steps": [step], "jobs": 2, "cores": 4, "wall_s": 24.0}, idle_s=5.0)
    sums = {
        **{"planned_s": 40, "cpu_s": 50, "ratio": 1.25, "wall_s": 80, "wall_ratio": 1.6},
        **{"planned_mb": 300, "memory_mb": 350},
    }
    assert found["steps"] == [{**step, "jobs_done": 2, **sums}]
    assert found["total"] == sums
    # From 990 to 1050.
    assert (found["wall_s"], found["wall_ratio"]) == (60, 2.5)
    assert (found["planned_wall_s"], found["cores"]) == (24, 4)


def test_a_folder_of_something_else_is_named(run, tmp_path):
    with pytest.raises(InputFileError, match=r"no benchmark files of this config's jobs"):
        jobs_done(jobs_of(run), tmp_path)


def test_a_log_says_at_its_end_what_was_spent(tmp_path):
    log = tmp_path / "job.log"
    with logging_to(log):
        logging.getLogger("rs3l_data").info("10/10 events")
        numbers = bytearray(50_000_000)
        del numbers
    spent = read_spent(log)
    assert 0 <= spent.wall_s < 60
    assert spent.cpu_s > 0.1
    assert spent.memory_mb > 80
    with pytest.raises(RuntimeError), logging_to(log):
        raise RuntimeError
    assert read_spent(log) is None
    assert read_spent(tmp_path / "none.log") is None


def test_the_last_word_of_a_log_counts_whatever_else_is_in_it(tmp_path):
    (tmp_path / "job.log").write_bytes(
        b"took 1.00 s by the clock, 2.00 s of CPU, 3 MB of memory\n\xff\n"
        b"took 4.50 s by the clock, 5.25 s of CPU, 6 MB of memory\n"
        b"took 7.00 s by the clock, 8.00 s of CPU, 9 MB of memory in another program\n"
    )
    assert read_spent(tmp_path / "job.log") == (4.5, 5.25, 6)


def test_a_command_that_ends_well_and_says_nothing_has_failed(tmp_path):
    with pytest.raises(RS3LError, match=r"hard --help .* failed"):
        spent_by(["hard", "--help"], tmp_path / "hard.log")


def test_a_command_tells_what_it_spent_or_why_it_failed(tmp_path):
    config = {"name": "x", "seed": 1, "processes": {"hbb": {"events": 1}}, "views": VIEWS}
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(config))
    out = tmp_path / "0000.h5"
    command = ["hard", tmp_path / "my.yaml", "hbb", "0", "--out", out]
    spent = spent_by(command, tmp_path / "hard.log")
    assert out.is_file()
    assert spent == read_spent(tmp_path / "hard.log")
    with pytest.raises(RS3LError, match=r"(?s)hard .*hbb 9 .* failed:.*has chunks 0 to 0"):
        spent_by(["hard", tmp_path / "my.yaml", "hbb", "9", "--out", out], tmp_path / "hard.log")


def plan(*arguments):
    return CliRunner().invoke(app, ["plan", *map(str, arguments)])


def test_the_command_plans_and_compares(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {"name": "x", "seed": 1, "processes": {"qcd": {"events": 1000}}, "views": VIEWS}
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(config))
    found = json.loads(plan("my.yaml", "--cores", 3, "--json").stdout)
    assert (found["cores"], found["jobs"]) == (3, 5)
    assert found["processes"]["qcd"]["events"] == 1000
    # An earlier run has chosen other chunks: they are kept.
    kept = tmp_path / "results/x/config.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_text("processes: {qcd: {chunk_events: 400}}")
    found = json.loads(plan("my.yaml", "--json").stdout)
    assert (found["processes"]["qcd"]["chunk_events"], found["jobs"]) == (400, 13)
    run = Resolved.from_mapping(config, "test", tmp_path / "results")
    write_results(tmp_path / "results/x", jobs_of(run), 1.5)
    found = plan("my.yaml", "--compare", "results/x")
    assert found.exit_code == 0, found.output
    assert "1.50 of the plan" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--measure", "--rates", "r.yaml"], "give one of them"),
        (["--save", "r.yaml"], "--save: goes with --measure"),
        (["--seconds", "5"], "--seconds: goes with --measure"),
        (["--rates", "r.yaml"], "r.yaml: no such file"),
        (["--compare", "nowhere"], "nowhere"),
    ],
)
def test_wrong_usage_is_told(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    config = {"name": "x", "seed": 1, "processes": {"qcd": {"events": 10}}, "views": VIEWS}
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(config))
    error = plan("my.yaml", *arguments).exception
    assert message in str(error)
    assert error.exit_code == 2
