"""The command line explains itself: every command has its place and an example."""

from importlib import metadata

import pytest
import typer
from typer.testing import CliRunner

from rs3l_data.__main__ import DATASET, EXCHANGE, JUDGE, SIMULATE, app
from rs3l_train.__main__ import app as train_app


def commands(command, name="rs3l-data"):
    found = [(name, command)]
    for word, one in getattr(command, "commands", {}).items():
        found += commands(one, f"{name} {word}")
    return found


ALL = dict(commands(typer.main.get_command(app)))
TRAIN = dict(commands(typer.main.get_command(train_app), "rs3l-train"))


@pytest.mark.parametrize("name", [name for name in ALL | TRAIN if " " in name])
def test_an_example_calls_the_command_with_options_that_it_has(name):
    every = ALL | TRAIN
    paragraphs = every[name].help.split("\n\n")
    (example,) = (text for text in paragraphs if text.lstrip().startswith("Example: "))
    words = example.split()[1:]
    assert " ".join(words).startswith(name), example
    called = max((one for one in every if " ".join(words).startswith(one)), key=len)
    options = {text for p in every[called].params for text in (*p.opts, *p.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= options


def test_every_command_is_in_a_group_of_the_help():
    panels = {name: one.rich_help_panel for name, one in ALL["rs3l-data"].commands.items()}
    assert set(panels.values()) == {SIMULATE, DATASET, EXCHANGE, JUDGE}, panels
    assert len(panels) == len(ALL["rs3l-data"].commands) > 20


@pytest.mark.parametrize("line", [app, train_app])
def test_the_version_is_told(line):
    result = CliRunner().invoke(line, ["--version"])
    assert (result.exit_code, result.output) == (0, f"rs3l {metadata.version('rs3l')}\n")


@pytest.mark.parametrize("line", [app, train_app])
def test_every_command_knows_the_short_help(line):
    for name, _ in commands(typer.main.get_command(line), "line"):
        words = name.split()[1:]
        short, long = (CliRunner().invoke(line, [*words, one]) for one in ("-h", "--help"))
        assert short.exit_code == 0, short.output
        assert short.output == long.output
        assert "Usage:" in short.output
