"""A command that works for long says at once that it cannot write its result."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.errors import ConfigError, StorageError

DEMO = "config/demo.yaml"
VARIATIONS = "config/variations.yaml"
COMMANDS = {
    "hard": (["hard", DEMO, "hbb", "0"], "rs3l_data.chain.hard_chunk"),
    "onepass": (["onepass", DEMO, "hbb", "0"], "rs3l_data.chain.onepass_chunk"),
    "pileup": (["pileup", VARIATIONS], "rs3l_data.pileup.sample_of"),
}


@pytest.fixture(params=COMMANDS)
def failed(request, monkeypatch):
    """Run a command that must not get as far as to simulate; give what it ended with."""
    words, simulation = COMMANDS[request.param]

    def too_late(*_arguments):
        raise AssertionError("it began to simulate")

    monkeypatch.setattr(simulation, too_late)
    return lambda out: CliRunner().invoke(app, [*words, "--out", str(out)]).exception


def test_a_place_where_nothing_can_be_written_is_told_before_the_work(failed, tmp_path):
    in_the_way = tmp_path / "taken"
    in_the_way.write_text("a file")
    error = failed(in_the_way / "out.h5")
    assert isinstance(error, StorageError)
    assert f"{in_the_way} is not a folder" in str(error)


def test_a_file_of_another_kind_is_told_before_the_work(failed, tmp_path):
    config = tmp_path / "my.yaml"
    config.write_text(Path(DEMO).read_text())
    assert isinstance(failed(config), ConfigError)
    assert config.read_text() == Path(DEMO).read_text()


def test_a_place_that_is_free_is_left_as_it_was(failed, tmp_path):
    assert isinstance(failed(tmp_path / "new" / "out.h5"), AssertionError)
    assert not list((tmp_path / "new").iterdir())
