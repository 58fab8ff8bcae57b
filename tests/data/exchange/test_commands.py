"""The way of a view through another program, by the commands; and what Snakemake says of it."""

import json
import subprocess
import sys

import pytest
import yaml
from typer.testing import CliRunner

import rs3l_data
from rs3l_data.__main__ import app
from rs3l_data.errors import ConfigError
from tests.data.exchange.lhe_text import write_lhe
from tests.workflow.test_workflow import checkout, snakemake

PROCESS = {"events": 4, "initiators": [25], "label": "Hbb"}


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def write_config(folder, views, **process):
    config = {
        "name": "mg",
        "seed": 1,
        "processes": {"mg": {**PROCESS, **process}},
        "views": views,
    }
    path = folder / "mg.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def test_from_lhe_over_lhe_and_hepmc_to_a_shard(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lhe(tmp_path / "mg.lhe.gz", range(4))
    views = {"nominal": {}, "elsewhere": {"hepmc": "{process}-{chunk}.hepmc.gz"}}
    config = write_config(tmp_path, views, lhe=["*.lhe.gz"])
    early = CliRunner().invoke(app, ["check", str(config)])
    assert isinstance(early.exception, ConfigError)
    assert "views.elsewhere of mg: mg-0000.hepmc.gz: no such file" in str(early.exception)
    assert "valid; Pythia not initialised; files of events not looked at" in run(
        "check", config, "--no-init"
    )
    run("hard", config, "mg", 0, "--out", "hard.h5")
    assert "4 events" in run("export", "lhe", "hard.h5", "--out", "out.lhe")
    assert (tmp_path / "out.lhe").read_text().count("# event ") == 4
    run("export", "hepmc", config, "hard.h5", "nominal", "--out", "mg-0000.hepmc.gz")
    said = run("check", config)
    assert "first ten events of each process's LHE files and the first event of each view's" in said
    assert "note" not in said
    for view in views:
        run("resimulate", config, "hard.h5", view, "--out", f"{view}.h5")
    run("pack", config, "hard.h5", "nominal.h5", "elsewhere.h5", "--out", "shard.h5")
    dataset = rs3l_data.open("shard.h5")
    assert dataset.views == ("nominal", "elsewhere")
    assert set(dataset.weights) == {"1001", "muR=0.5/muF=1"}
    here, there = (dataset.jets(view)["initiator_pt"] for view in dataset.views)
    assert here.tolist() == there.tolist()


def test_check_remarks_on_files_without_initiators_in_words_and_as_json(tmp_path):
    write_lhe(tmp_path / "mg.lhe", range(4))
    config = write_config(tmp_path, {"nominal": {}}, lhe=[str(tmp_path / "mg.lhe")])
    config.write_text(config.read_text().replace("- 25", "- 6"))
    assert "  note: processes.mg: none of the first 4 events" in run("check", config)
    (remark,) = json.loads(run("check", config, "--json"))["plan"]["remarks"]
    assert remark.startswith("processes.mg: none of the first 4 events")


def test_a_message_and_exit_code_2_for_a_file_that_is_not_there(tmp_path):
    config = write_config(tmp_path, {"nominal": {}}, lhe=["none.lhe"])
    command = [sys.executable, "-m", "rs3l_data", "hard", str(config), "mg", "0", "--out", "x.h5"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "error: none.lhe: no such file" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("views", "lhe", "message"),
    [
        ({"nominal": {}}, ["none.lhe"], "none.lhe"),
        ({"nominal": {}}, ["none*.lhe"], "none*.lhe: no file matches"),
        ({"herwig": {"hepmc": "{process}-{chunk}.hepmc"}}, ["mg.lhe"], "mg-0000.hepmc"),
    ],
)
def test_snakemake_names_the_missing_file_before_any_job(tmp_path, views, lhe, message):
    folder = checkout(tmp_path / "clone")
    write_lhe(folder / "mg.lhe", range(4))
    write_config(folder, views, lhe=lhe)
    result = snakemake(folder, "--cores", "1", "-n", config="mg.yaml")
    assert result.returncode != 0
    assert message in result.stdout
    assert not (folder / "results").exists()


def test_snakemake_plans_the_jobs_when_the_files_are_there(tmp_path):
    folder = checkout(tmp_path / "clone")
    write_lhe(folder / "mg.lhe", range(4))
    (folder / "mg-0000.hepmc").touch()
    views = {"nominal": {}, "herwig": {"hepmc": "{process}-{chunk}.hepmc"}}
    write_config(folder, views, lhe=["mg.lhe"])
    result = snakemake(folder, "--cores", "1", "-n", config="mg.yaml")
    assert result.returncode == 0, result.stdout
    counts = [line.split()[:2] for line in result.stdout.splitlines() if line.startswith("resim")]
    assert counts[0] == ["resimulate", "2"]


def test_snakemake_says_before_any_job_that_there_is_nothing_to_validate(tmp_path):
    folder = checkout(tmp_path / "clone")
    write_lhe(folder / "mg.lhe", range(4))
    write_config(folder, {"nominal": {}}, lhe=["mg.lhe"])
    result = snakemake(folder, "--cores", "1", "-n", "validation", config="mg.yaml")
    assert result.returncode != 0
    assert "processes: all take their hard events from `lhe` files" in result.stdout
    assert snakemake(folder, "--cores", "1", "-n", config="mg.yaml").returncode == 0
