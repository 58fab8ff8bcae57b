"""`rs3l-data merge`, `split` and `select`: datasets from datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.choices import choice
from rs3l_data.commands.options import Labels, Processes, Splits

Source = Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset's folder.")]
To = Annotated[Path, typer.Option("--to", help="The new dataset's folder.")]


def merge(
    paths: Annotated[list[Path], typer.Argument(metavar="DATASETS", help="Datasets' folders.")],
    to: To,
) -> None:
    """Put datasets together: parts of one, other events or processes of the same simulation.

    Example: rs3l-data merge parts/part-0 parts/part-1 --to whole
    """
    from rs3l_data.reshape.merge import merge as merge_all

    merge_all(paths, to)
    typer.echo(to)


def split(
    path: Source,
    by: Annotated[str, typer.Option("--by", metavar="process|split|N", help="What makes parts.")],
    to: Annotated[Path, typer.Option("--to", help="A new folder, with one dataset per part.")],
) -> None:
    """Cut a dataset into one for each process or part of the split, or into N of equal mixture.

    Example: rs3l-data split results/demo/dataset --by process --to parts
    """
    from rs3l_data.reshape.split import split as split_up

    for folder in split_up(path, by, to):
        typer.echo(folder)


def select(
    path: Source,
    to: To,
    processes: Processes = None,
    labels: Labels = None,
    splits: Splits = None,
    views: Annotated[list[str] | None, choice("views", "view", "Only these views.")] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", help="On jets: those that fail are marked absent in their view."),
    ] = None,
    where_initiator: Annotated[
        str | None,
        typer.Option("--where-initiator", help="On initiators: rows that fail are left out."),
    ] = None,
) -> None:
    """Choose processes, labels, splits, views and jets of a dataset.

    Example: rs3l-data select results/demo/dataset --labels Hbb,g --where "pt > 500" --to boosted
    """
    from rs3l_data.reshape.select import Choice
    from rs3l_data.reshape.select import select as select_from

    chosen = Choice(processes, labels, splits, views, where, where_initiator)
    select_from(path, chosen, to)
    typer.echo(to)
