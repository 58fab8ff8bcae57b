import json

import pytest
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.errors import InputFileError
from rs3l_data.store.benchmark import measure_store


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
