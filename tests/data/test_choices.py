"""Names on a command line: separated by commas, one at a time, or both."""

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from rs3l_data.choices import choice

app = typer.Typer()


@app.command()
def chosen(
    views: Annotated[list[str] | None, choice("views", "view", "Only these views.")] = None,
) -> None:
    typer.echo(repr(views))


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], None),
        (["--view", "seed"], ["seed"]),
        (["--views", "nominal,seed"], ["nominal", "seed"]),
        (["--view", "nominal", "--view", "seed"], ["nominal", "seed"]),
        (["--views", "nominal, seed", "--view=vincia"], ["nominal", "seed", "vincia"]),
    ],
)
def test_names_are_given_with_commas_or_one_at_a_time(arguments, names):
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.output) == (0, f"{names!r}\n")


@pytest.mark.parametrize("text", ["", " ", "nominal,", ",seed", "nominal,,seed"])
def test_an_empty_name_is_refused(text):
    result = CliRunner().invoke(app, ["--views", text])
    assert result.exit_code == 2
    assert "a name is empty" in result.output
