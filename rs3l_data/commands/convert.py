"""`rs3l-data convert`: datasets of other projects in, ours out in their layouts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs3l_data.choices import choice
from rs3l_data.commands.options import AsJson, Labels, Processes, Splits
from rs3l_data.convert import defaults
from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError, InputFileError

if TYPE_CHECKING:
    from rs3l_data.store.reader import Dataset

app = typer.Typer(no_args_is_help=True)

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="[SPLIT:]FILES",
        help="Files or patterns; `train:`, `validation:` or `test:` before one says its part.",
    ),
]
NewDataset = Annotated[Path, typer.Option("--to", help="The folder of the new dataset.")]
Source = Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset or a shard of ours.")]
Folder = Annotated[Path, typer.Option("--to", help="A folder; each view has its own in it.")]
Views = Annotated[list[str] | None, choice("views", "view", "Views; default: nominal.")]
Constituents = Annotated[
    int, typer.Option("--constituents", min=1, help="Constituents of a jet that are kept.")
]
Rows = Annotated[int, typer.Option("--rows", min=1, help="Rows held in memory at a time.")]


@app.command("rs3l")
def rs3l(
    files: Files,
    to: NewDataset,
    jettype: Annotated[
        list[str] | None,
        typer.Option(
            "--jettype", metavar="NUMBER=LABEL", help="Label of a jettype from 9 on, e.g. 9=W."
        ),
    ] = None,
    rows: Rows = defaults.SHARD_OF_PUBLISHED,
    as_json: AsJson = False,
) -> None:
    """Make a dataset from files of RS3L's published record.

    Example: rs3l-data convert rs3l 'train:rs3l_[0-5].h5' validation:rs3l_6.h5 --to published
    """
    from rs3l_data.convert.published_in import read_published
    from rs3l_data.convert.sources import find_sources

    labels = {_whole(number): label for number, label in _pairs("--jettype", jettype)}
    _answer({"dataset": str(to), **read_published(find_sources(files), to, labels, rows)}, as_json)


@app.command("jetclass")
def jetclass(
    files: Files, to: NewDataset, rows: Rows = defaults.SHARD_OF_JETCLASS, as_json: AsJson = False
) -> None:
    """Make a dataset, with the one view `nominal`, from JetClass's ROOT files.

    Example: rs3l-data convert jetclass 'train:train_100M/HToBB_00*.root' --to jetclass
    """
    from rs3l_data.convert.jetclass_in import read_jetclass
    from rs3l_data.convert.sources import find_sources

    _answer({"dataset": str(to), **read_jetclass(find_sources(files), to, rows)}, as_json)


@app.command("to-rs3l")
def to_rs3l(
    dataset: Source,
    to: Annotated[Path, typer.Option("--to", help="The file to write, such as rs3l_0.h5.")],
    views: Annotated[
        list[str] | None,
        choice("views", "view", "Views along the second axis; default: the five published ones."),
    ] = None,
    jettype: Annotated[
        list[str] | None,
        typer.Option(
            "--jettype", metavar="LABEL=NUMBER", help="jettype of a label that RS3L does not have."
        ),
    ] = None,
    processes: Processes = None,
    labels: Labels = None,
    splits: Splits = None,
    constituents: Constituents = defaults.CONSTITUENTS,
    rows: Rows = defaults.ROWS_TO_PUBLISHED,
    as_json: AsJson = False,
) -> None:
    """Write a dataset in the layout of RS3L's published files.

    Example: rs3l-data convert to-rs3l DATASET --views nominal,seed --to rs3l_0.h5
    """
    from rs3l_data.convert.published import CODES, VIEWS
    from rs3l_data.convert.published_out import write_published

    chosen = _chosen(dataset, processes, labels, splits)
    numbers = {label: _whole(text) for label, text in _of_labels("--jettype", jettype, chosen)}
    for label, number in numbers.items():
        own = CODES.get(number, ("", label))[1]
        if own != label and own in chosen.labels:
            raise ConfigError(f"--jettype {label}={number}: the number of '{own}' in RS3L's files")
    if views and len({*views}) < len(views):
        raise ConfigError(f"--views {Counter(views).most_common(1)[0][0]}: given twice")
    result = write_published(chosen, to, views or VIEWS, constituents, numbers, rows)
    _answer({"file": str(to), **result}, as_json)


@app.command("to-jetclass")
def to_jetclass(
    dataset: Source,
    to: Folder,
    views: Views = None,
    jet_class: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            metavar="LABEL=CLASS",
            help="JetClass's class for a label that JetClass does not have.",
        ),
    ] = None,
    processes: Processes = None,
    labels: Labels = None,
    splits: Splits = None,
    rows: Rows = defaults.ROWS,
    as_json: AsJson = False,
) -> None:
    """Write ROOT files like JetClass's, one for each class, for weaver.

    Example: rs3l-data convert to-jetclass results/demo/dataset --splits train --to train
    """
    from rs3l_data.convert.jetclass_out import write_jetclass

    chosen = _chosen(dataset, processes, labels, splits)
    classes = dict(_of_labels("--class", jet_class, chosen))
    _each(chosen, views, to, as_json, partial(write_jetclass, classes=classes, rows=rows))


@app.command("to-jetnet")
def to_jetnet(
    dataset: Source,
    to: Folder,
    views: Views = None,
    jet_class: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="LABEL=NAME", help="Name of the file of a label."),
    ] = None,
    processes: Processes = None,
    labels: Labels = None,
    splits: Splits = None,
    constituents: Constituents = defaults.CONSTITUENTS_OF_JETNET,
    rows: Rows = defaults.ROWS,
    as_json: AsJson = False,
) -> None:
    """Write HDF5 files like JetNet's, one for each class.

    Example: rs3l-data convert to-jetnet results/demo/dataset --constituents 150 --to jetnet
    """
    from rs3l_data.convert.jetnet import write_jetnet

    chosen = _chosen(dataset, processes, labels, splits)
    classes = dict(_of_labels("--class", jet_class, chosen))
    write = partial(write_jetnet, n_particles=constituents, classes=classes, rows=rows)
    _each(chosen, views, to, as_json, write)


@app.command("to-salt")
def to_salt(
    dataset: Source,
    to: Folder,
    views: Views = None,
    processes: Processes = None,
    labels: Labels = None,
    splits: Splits = None,
    constituents: Constituents = defaults.CONSTITUENTS,
    rows: Rows = defaults.ROWS,
    as_json: AsJson = False,
) -> None:
    """Write structured arrays for salt, with its norm_dict.yaml and class_dict.yaml.

    Example: rs3l-data convert to-salt results/demo/dataset --splits train --to salt/train
    """
    from rs3l_data.convert.salt import write_salt

    chosen = _chosen(dataset, processes, labels, splits)
    _each(chosen, views, to, as_json, partial(write_salt, n_constituents=constituents, rows=rows))


@app.command("to-parquet")
def to_parquet(
    dataset: Source,
    to: Folder,
    views: Views = None,
    processes: Processes = None,
    labels: Labels = None,
    splits: Splits = None,
    rows: Rows = defaults.ROWS,
    as_json: AsJson = False,
) -> None:
    """Write Parquet, a row for each jet, for pandas, Arrow, awkward, DuckDB.

    Example: rs3l-data convert to-parquet results/demo/dataset --views nominal,seed --to flat
    """
    from rs3l_data.convert.parquet import write_parquet

    chosen = _chosen(dataset, processes, labels, splits)
    _each(chosen, views, to, as_json, partial(write_parquet, rows=rows))


def _chosen(
    path: Path,
    processes: list[str] | None,
    labels: list[str] | None,
    splits: list[str] | None,
) -> Dataset:
    import rs3l_data

    return rs3l_data.open(path).select(processes=processes, labels=labels, splits=splits)


def _each(
    dataset: Dataset,
    views: list[str] | None,
    folder: Path,
    as_json: bool,
    write: Callable[[Dataset, Path, str], dict[Path, int]],
) -> None:
    """Write each view into a folder of its own."""
    files: dict[str, int] = {}
    # All names are checked before anything is written.
    for view in dataset.select(views=views or ["nominal"]).views:
        counts = {str(path): n for path, n in write(dataset, folder / view, view).items()}
        if not sum(counts.values()):
            raise InputFileError(
                f"{dataset.source}: none of the chosen rows has a jet in the view '{view}'"
            )
        files |= counts
    _answer(files, as_json)


def _pairs(option: str, given: Sequence[str] | None) -> list[tuple[str, str]]:
    pairs = []
    for text in given or ():
        left, equals, right = text.partition("=")
        if not (left and equals and right):
            raise ConfigError(f"{option} {text}: expected two words with '=' between them")
        pairs.append((left, right))
    twice = [name for name, times in Counter(left for left, _ in pairs).items() if times > 1]
    if twice:
        raise ConfigError(f"{option} {twice[0]}: given twice")
    return pairs


def _of_labels(option: str, given: Sequence[str] | None, dataset: Dataset) -> list[tuple[str, str]]:
    pairs = _pairs(option, given)
    for label, _ in pairs:
        if label not in dataset.labels:
            raise ConfigError(
                f"{option} {label}: {dataset.source} has no such label;"
                f" {nearest(label, dataset.labels)}"
            )
    return pairs


def _whole(text: str) -> int:
    # The published files hold it as a number of single precision.
    if not (text.isdecimal() and int(text) <= 1 << 24):
        raise ConfigError(f"--jettype: expected a whole number up to 2^24, found '{text:.40}'")
    return int(text)


def _answer(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    for name, value in result.items():
        typer.echo(f"{name}: {value}")
