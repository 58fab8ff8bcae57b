"""Arguments and options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.choices import choice
from rs3l_data.progress import Style


def _own_file(context: typer.Context, path: Path | None) -> Path | None:
    """Give the place that a link leads to; one for what a command makes and for its log is refused.

    Whichever is read first. A link that a user names is written through; others are replaced.
    """
    if path is None:
        return None
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    others = [context.params.get(name) for name in ("out", "log")]
    if any(other and os.path.realpath(other) == os.path.realpath(path) for other in others):
        raise typer.BadParameter("--out and --log are the same file")
    return path


ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="The run's YAML file.")]
Process = Annotated[str, typer.Argument(help="A process of the config.")]
Chunk = Annotated[int, typer.Argument(min=0, help="Number of the chunk, from 0.")]
HardFile = Annotated[Path, typer.Argument(help="Hard events, as `hard` wrote them.")]
PileupFile = Annotated[
    Path | None, typer.Option("--pileup", help="Minimum-bias events, as `pileup` wrote them.")
]
DatasetOrShard = Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset or a shard.")]
Results = Annotated[Path, typer.Argument(metavar="RESULTS", help="A run's folder, results/<name>.")]
MeasuredView = Annotated[
    str | None, typer.Option("--view", help="View to measure; the first if not given.")
]
BaseUrl = Annotated[
    str, typer.Option("--base-url", envvar="RS3L_ARCHIVE", help="Address of the archive.")
]
Page = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="The page; in RESULTS if not given.", dir_okay=False, callback=_own_file
    ),
]
Figures = Annotated[
    Path | None,
    typer.Option("--figures", help="Also write the figures as PDF into this folder."),
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", help="The file to write.", dir_okay=False, callback=_own_file),
]
Log = Annotated[
    Path | None,
    typer.Option(
        "--log", help="Also write log lines to this file.", dir_okay=False, callback=_own_file
    ),
]
ProgressStyle = Annotated[
    Style,
    typer.Option(
        "--progress",
        help="A live bar, or a line every ten seconds; auto: a bar if stderr is a terminal.",
    ),
]
Processes = Annotated[list[str] | None, choice("processes", "process", "Only these processes.")]
Labels = Annotated[list[str] | None, choice("labels", "label", "Only these labels.")]
Splits = Annotated[
    list[str] | None, choice("splits", "split", "Only these of train, validation and test.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
