"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.progress import Style

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="The run's YAML file.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The file to write.", dir_okay=False)]
Log = Annotated[
    Path | None,
    typer.Option("--log", help="Also write log lines to this file.", dir_okay=False),
]
ProgressStyle = Annotated[
    Style,
    typer.Option(
        "--progress",
        help="A live bar, or a line every ten seconds; auto: a bar if stderr is a terminal.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
