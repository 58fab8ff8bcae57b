"""What commands have in common: options, the processes that share one, the answer.

No file of this folder imports PyTorch before a command runs, so that `--help` is quick.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import rs3l_data
from rs3l_data.errors import DamagedFileError
from rs3l_data.progress import logging_to
from rs3l_train import config

if TYPE_CHECKING:
    from rs3l_data.store.reader import Dataset
    from rs3l_train.loop.processes import Processes


def dataset_at(text: str) -> Path:
    """Take a manifest for its folder, as the reader does, so that its shards are checked alike."""
    from rs3l_data.store.manifest import MANIFEST_NAME

    path = Path(text)
    return path.parent if path.name == MANIFEST_NAME else path


Data = Annotated[
    Path,
    typer.Option(
        "--data", help="Folder of a dataset, or a shard.", parser=dataset_at, metavar="<path>"
    ),
]
Config = Annotated[Path, typer.Option("--config", help="The config with its `training` block.")]


def named_folder(text: str) -> Path:
    """Refuse an empty name, as of a shell's variable that is not set: it is the present folder."""
    if not text:
        raise typer.BadParameter("is empty; name a folder")
    return Path(text)


Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", help="Folder for the results.", parser=named_folder, metavar="<path>"
    ),
]
Model = Annotated[Path, typer.Option("--model", help="Folder of a trained network.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting, e.g. pretrain.views_seen=10000."),
]
Log = Annotated[
    Path | None, typer.Option("--log", help="Also write log lines to this file.", dir_okay=False)
]
Resume = Annotated[
    config.Resume,
    typer.Option(
        "--resume",
        help="auto: take a finished training of the same config and dataset, or go on with an"
        " unfinished one, else start anew; must: go on, with changed settings too; never: start"
        " anew.",
    ),
]
Fresh = Annotated[
    config.Fresh,
    typer.Option(
        "--resume",
        help="auto: take what is done in the folder with the same config and dataset, and go on"
        " with what is not; never: start anew.",
    ),
]
Corrupt = Annotated[
    config.Corrupt,
    typer.Option(
        "--corrupt", help="At a shard that cannot be read: stop, or leave it out with a warning."
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Write what came out to standard output, as JSON.")
]


@contextmanager
def naming_skip(data: Path, corrupt: config.Corrupt, option: str) -> Iterator[None]:
    """Let the error at a damaged shard name the option by which one goes on with the others."""
    try:
        yield
    except DamagedFileError as error:
        others = [path for path in data.rglob("*.h5") if str(path) not in str(error)]
        if corrupt == "skip" or not others:
            raise
        raise DamagedFileError(f"{error}, or go on without its jets: {option}") from error


def opened(data: Path, corrupt: config.Corrupt) -> Dataset:
    """Open a dataset; where damaged shards are to be skipped, all is compared and read first."""
    if corrupt == "stop":
        return rs3l_data.open(data)
    from rs3l_train.views.loading import readable

    dataset = rs3l_data.open(data, verify=data.is_dir(), corrupt="skip")
    return readable(dataset, dataset.views)


@contextmanager
def training(
    data: Path, settings: config.TrainingConfig, out: Path, log: Path | None
) -> Iterator[tuple[Dataset, Processes]]:
    """Open the dataset of a training for the processes that torchrun started, or just this one.

    The first of them tells and logs, and when all is done leaves beside it what it is made of, in
    `run.json`.
    """
    from rs3l_train.loop.files import write_json
    from rs3l_train.loop.folder import RUN, one_training
    from rs3l_train.loop.processes import joined
    from rs3l_train.tasks.provenance import provenance, with_earlier

    with joined() as processes, logging_to(log if processes.first else None):
        if not processes.first:
            logging.disable(logging.WARNING)
        command = ["python", "-m", "rs3l_train", *sys.argv[1:]]
        with (
            one_training(out) if processes.first else nullcontext(),
            naming_skip(data, settings.data.corrupt, "--set data.corrupt=skip"),
        ):
            dataset = opened(data, settings.data.corrupt)
            about = provenance(dataset, data, settings, command, processes.count)
            yield dataset, processes
        if processes.first:
            write_json(out / RUN, with_earlier(about, out / RUN))


def answer(
    metrics: dict[str, Any],
    folder: Path,
    as_json: bool,
    table: Callable[[dict[str, Any]], str] | None = None,
) -> None:
    """Print the metrics; or where they are, for programs, and before that a table, for people.

    Parameters
    ----------
    table
        Writes it; it goes to standard error.
    """
    if as_json:
        typer.echo(json.dumps(metrics, ensure_ascii=False))
        return
    if table is not None:
        typer.echo(table(metrics), err=True)
    typer.echo(f"{folder / 'metrics.json'}")
