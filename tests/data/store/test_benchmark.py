import json

import pytest
from typer.testing import CliRunner

import rs3l_data
from rs3l_data.__main__ import app
from rs3l_data.errors import InputFileError
from rs3l_data.store.benchmark import measure_store
from tests.synthetic import make_dataset


def test_the_benchmark_measures_every_step(folder):
    arguments = ["benchmark-store", str(folder), "--jets", "2000", "--rounds", "1"]
    answer = CliRunner().invoke(app, [*arguments, "--json"])
    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert found["jets"] == 2000
    assert 20 < found["constituents_a_jet"] < 30
    assert all(rate > 0 for rate in found["jets_per_second"].values())
    # A constituent is 34 bytes, and these come again and again, which compresses well.
    assert 0.05 < found["bytes_a_jet"]["ours"] / (34 * found["constituents_a_jet"]) < 1.2
    in_words = CliRunner().invoke(app, arguments)
    assert "stream, shuffled" in in_words.stdout


def test_a_view_without_jets_is_refused(dataset):
    absent = dataset[~dataset.jets("seed")["present"]]
    with pytest.raises(InputFileError, match="no jet is present in the view 'seed'"):
        measure_store(absent, "seed", 2000, 1)


def test_the_first_shard_may_name_fewer_processes_than_the_others(tmp_path):
    """As in a run's own dataset, where each shard names the processes up to its own."""
    one = make_dataset(tmp_path / "one", processes=("qcd",), n_shards=1)
    two = make_dataset(tmp_path / "two", processes=("qcd", "hbb"), n_shards=1)
    dataset = rs3l_data.open([folder / "shard-0000.h5" for folder in (one, two)])
    assert measure_store(dataset, "nominal", 2000, 1)["jets"] == 2000
