"""The plan and the workflow agree: the same jobs, and what the jobs ask a scheduler for."""

import json
import re

from tests.workflow.test_workflow import SMALL, checkout, rs3l_data, snakemake, write_config

VIEWS = {
    "nominal": {},
    "vincia": {"variation": "vincia"},
    "again": {"redo": "hadronization", "of": "nominal"},
    "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 20}},
}
PROCESSES = {"qcd": {"events": 400_000}, "hbb": {"events": 50_000, "chunk_events": 20_000}}


def dry_run(folder, *arguments):
    result = snakemake(folder, "--cores", "1", "-n", *arguments)
    assert result.returncode == 0, result.stdout
    lines = (line.split() for line in result.stdout.splitlines())
    counts = {
        line[0]: int(line[1])
        for line in lines
        if len(line) == 2 and line[1].isdecimal() and not line[0].endswith(":")
    }
    return counts, result.stdout


def planned(folder, *arguments):
    result = rs3l_data("plan", folder / "my.yaml", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_jobs_of_the_plan_are_those_of_the_workflow(tmp_path):
    folder = checkout(tmp_path / "clone")
    # Snakemake tells a job's resources where the rule has no message of its own.
    rules = folder / "workflow/rules/simulate.smk"
    rules.write_text(re.sub(r"    message:\n.*\n", "", rules.read_text()))
    hard = {"pt": [400, 1000]}
    write_config(folder, processes=PROCESSES, views=VIEWS, hard=hard, validation={"events": 30})
    counts, text = dry_run(folder, "validation")
    plan = planned(folder, "--validation")
    jobs = {}
    for step in plan["steps"]:
        jobs[step["step"]] = jobs.get(step["step"], 0) + step["jobs"]
    # Those that the plan leaves out: it is about the simulation.
    del counts["total"], counts["validation"]
    assert jobs == counts
    assert plan["processes"]["hbb"]["chunks"] == 3
    assert not (folder / "results").exists()
    # A job asks for more than it is expected to take.
    asked = {}
    for process, view, resources in re.findall(
        r"process=(\w+), chunk=0000, view=(\w+)\n +resources: (.*)", text
    ):
        values = dict(part.split("=") for part in resources.split(", "))
        asked[process, view] = (int(values["mem_mb"]), int(values["runtime"]))
    assert len(asked) == 4
    for step in plan["steps"]:
        if step["step"] == "resimulate":
            memory, minutes = asked[step["process"], step["view"]]
            assert memory > step["memory_mb"]
            assert minutes > 2 * step["longest_job_s"] / 60


def test_a_run_keeps_the_chunks_that_it_has_chosen(tmp_path):
    folder = checkout(tmp_path / "clone")
    write_config(folder, processes={"qcd": {"events": 6}}, hard={})
    target = "results/small/hard/qcd/0000.h5"
    result = snakemake(folder, "--cores", "1", target)
    assert result.returncode == 0, result.stdout
    # Far slower than the others: a new run would choose smaller chunks.
    views = {**SMALL["views"], "vincia": {"variation": "vincia"}}
    write_config(folder, processes={"qcd": {"events": 6}}, hard={}, views=views)
    result = snakemake(folder, "--cores", "1", "-n", target)
    assert "Nothing to be done" in result.stdout
    # Chunks that the config gives are other files.
    write_config(folder, processes={"qcd": {"events": 6}}, hard={"chunk_events": 3})
    counts, _ = dry_run(folder, target)
    assert counts["hard"] == 1
