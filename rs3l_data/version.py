"""The option `--version` and the help options of the command lines."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

HELP = {"help_option_names": ["-h", "--help"]}
"""Settings of a command line, which its commands inherit"""


def _tell(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rs3l {metadata.version('rs3l')}")
        raise typer.Exit


def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""
