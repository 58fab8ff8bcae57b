"""A command that works for long says at once that it cannot write its result."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.errors import ConfigError, StorageError
from tests.synthetic import make_dataset

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


@pytest.mark.parametrize("options", [("--out", "--log"), ("--log", "--out")])
def test_the_log_and_the_result_are_two_files(tmp_path, options):
    same = [word for option in options for word in (option, str(tmp_path / "x.h5"))]
    result = CliRunner().invoke(app, ["hard", DEMO, "hbb", "0", *same])
    assert result.exit_code == 2
    assert "--out and --log are the same file" in result.output
    assert not list(tmp_path.iterdir())


def test_a_link_that_is_given_is_written_through(undrawn, tmp_path):
    make_dataset(tmp_path / "dataset", n_events=4)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "page.html").symlink_to("scratch/page.html")
    words = ["report", str(tmp_path), "--out", str(tmp_path / "page.html")]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert (tmp_path / "page.html").is_symlink()
    assert "</html>" in (tmp_path / "scratch/page.html").read_text()
    result = CliRunner().invoke(app, [*words, "--log", f"{tmp_path}/scratch/../scratch/page.html"])
    assert "--out and --log are the same file" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "RUN", "--out", "FILE"], "is there and no page by its name"),
        (["validation", "RUN", "--out", "FILE"], "is there and no page by its name"),
        (["export", "lhe", "FILE", "--out", "FILE"], "is there and no LHE file by its name"),
        (["plan", DEMO, "--measure", "--save", "FILE"], "is there and holds no rates"),
    ],
)
def test_nothing_of_another_kind_is_lost(tmp_path, arguments, message):
    """Its own input least of all."""
    make_dataset(tmp_path / "dataset", n_events=4)
    path = tmp_path / "dataset/dataset.json"
    before = path.read_bytes()
    words = [{"RUN": str(tmp_path), "FILE": str(path)}.get(word, word) for word in arguments]
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, ConfigError)
    assert message in str(error)
    assert path.read_bytes() == before


def test_the_numbers_of_a_validation_do_not_replace_a_manifest(tmp_path):
    make_dataset(tmp_path / "dataset", n_events=4)
    page = str(tmp_path / "dataset/dataset.html")
    error = CliRunner().invoke(app, ["validation", str(tmp_path), "--out", page]).exception
    assert isinstance(error, ConfigError)
    assert "would take the place of" in str(error)
