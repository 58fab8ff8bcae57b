import math

import pytest

from rs3l_data.errors import InputFileError
from rs3l_data.report.benchmarks import read_jobs, timing_table
from tests.data.report.conftest import write_benchmark

CONFIG = {
    "processes": {"qcd": {"events": 1500}, "top": {"events": 300}},
    "hard": {"chunk_events": 1000},
}


def cells(table, step, name):
    (row,) = [row for row in table.rows if row[:2] == [step, name]]
    return dict(zip(table.header, row, strict=True))


def test_jobs_are_summed_by_step_and_view(tmp_path):
    write_benchmark(tmp_path / "hard/qcd-0000.tsv", 2, "1.5", "150")
    write_benchmark(tmp_path / "resimulate/qcd-0000-fsr_up.tsv", 20, "18", "300.4")
    write_benchmark(tmp_path / "resimulate/qcd-0001-fsr_up.tsv", 10, "9", "310.6")
    write_benchmark(tmp_path / "resimulate/top-0000-seed.tsv", 60, "NA", "-")
    write_benchmark(tmp_path / "train/pretrain.tsv", 3600, "7200", "2000")
    write_benchmark(tmp_path / "manifest.tsv", 1, "1", "100")
    table = timing_table(read_jobs(tmp_path), CONFIG, ["nominal", "seed", "fsr_up"])
    assert [row[:2] for row in table.rows] == [
        ["hard", ""],
        ["resimulate", "seed"],
        ["resimulate", "fsr_up"],
        ["manifest", ""],
        ["train", "pretrain"],
        ["all", ""],
    ]
    both = cells(table, "resimulate", "fsr_up")
    # 1000 events in the first chunk, the other 500 in the second, in 30 s.
    assert both["events"] == "1\u2009500"
    assert both["events/s"] == "50.0"
    assert both["CPU time"] == "27.0 s"
    assert both["peak memory of a job [MB]"] == "311"
    unknown = cells(table, "resimulate", "seed")
    assert (unknown["CPU time"], unknown["peak memory of a job [MB]"]) == ("> 0.0 s", "–")
    assert cells(table, "train", "pretrain")["events"] == "–"
    assert cells(table, "all", "")["CPU time"].startswith("> 2.0")


def test_no_folder_is_no_jobs(tmp_path):
    assert read_jobs(tmp_path / "benchmarks") == []


def test_too_short_a_job_has_no_cpu_time(tmp_path):
    write_benchmark(tmp_path / "hard/qcd-0000.tsv", 0.1, "-", "NA")
    (job,) = read_jobs(tmp_path)
    assert (job.step, job.process, job.chunk, job.name) == ("hard", "qcd", 0, "")
    assert math.isnan(job.cpu_seconds)
    assert math.isnan(job.memory_mb)


@pytest.mark.parametrize(
    "content",
    ["", "a\tb\n1\t2\n", "s\tcpu_time\tmax_rss\nx\t1\t1\n", "s\tcpu_time\tmax_rss\n1\t1\n"],
)
def test_foreign_file_is_named(tmp_path, content):
    (tmp_path / "x.tsv").write_text(content)
    with pytest.raises(InputFileError, match=r"x\.tsv: not a benchmark file"):
        read_jobs(tmp_path)
