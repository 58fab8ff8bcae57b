"""Pile-up as a user runs it: the sample is one more job, and only who needs it waits for it."""

from rs3l_data.store.view_file import open_view_file
from tests.data.pileup.conftest import BLOCKS
from tests.workflow.test_workflow import checkout, rs3l_data, snakemake, write_config

VIEWS = {
    "nominal": {},
    "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 20}},
    "fsr_up": {"variation": "fsr_up"},
}
RUN = {
    "processes": {"hbb": {"events": 3}},
    "views": VIEWS,
    **BLOCKS,
    "pileup": {"sample_events": 20},
}


def test_a_run_with_pileup(tmp_path):
    folder = checkout(tmp_path / "clone")
    write_config(folder, **RUN)
    views = "results/small/views/hbb/0000"
    planned = snakemake(folder, "-n", f"{views}/fsr_up.h5").stdout
    assert "resimulate  " in planned
    assert "pileup  " not in planned
    result = snakemake(folder, "--cores", "1", f"{views}/nominal.h5")
    assert result.returncode == 0, result.stdout
    made = open_view_file(folder / views / "nominal.h5")
    assert set(made.names) == {"nominal", "crowded"}
    n = {name: made.read(name, 0, 3).jets["n_constituents"].sum() for name in made.names}
    assert 0 < n["nominal"] != n["crowded"] > 0
    assert "Nothing to be done" in snakemake(folder, "--cores", "1", f"{views}/nominal.h5").stdout


def test_pileup_without_or_with_a_wrong_sample(tmp_path):
    config = write_config(tmp_path, **RUN)
    hard, sample, out = (tmp_path / name for name in ("hard.h5", "pileup.h5", "out.h5"))
    assert rs3l_data("hard", config, "hbb", 0, "--out", hard).returncode == 0
    assert rs3l_data("pileup", config, "--out", sample).returncode == 0
    job = ("resimulate", config, hard, "nominal", "--out", out)
    result = rs3l_data(*job)
    assert result.returncode == 2
    assert "--pileup FILE" in result.stderr
    result = rs3l_data(*job, "--pileup", hard)
    assert result.returncode == 2
    assert "expected a file of kind 'pileup', found 'hard'" in result.stderr
    assert not out.exists()
    write_config(tmp_path, **{**RUN, "pileup": {"sample_events": 21}})
    result = rs3l_data(*job, "--pileup", sample)
    assert result.returncode == 2
    assert "sample_events was 20, now it is 21" in result.stderr
