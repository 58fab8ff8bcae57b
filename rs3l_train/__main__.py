"""The command line: ``python -m rs3l_train``, also ``rs3l-train``."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import rs3l_data
from rs3l_data import ending
from rs3l_data.errors import ConfigError
from rs3l_data.progress import logging_to
from rs3l_data.version import HELP, options
from rs3l_train.config import load_training

if TYPE_CHECKING:
    from rs3l_train.loop.processes import Processes

app = typer.Typer(
    help="Pretrain a network on the views of a dataset, and tag jets with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings=HELP,
)
app.callback()(options)


class ModeName(StrEnum):
    """The ways to train a tagger."""

    probe = "probe"
    last_layers = "last_layers"
    full = "full"
    scratch = "scratch"


class ResumeName(StrEnum):
    """What to do about an unfinished training in the folder for the results."""

    auto = "auto"
    never = "never"
    must = "must"


Data = Annotated[Path, typer.Option("--data", help="Folder of a dataset, or a shard.")]
Config = Annotated[Path, typer.Option("--config", help="The config with its `training` block.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Model = Annotated[Path, typer.Option("--model", help="Folder of a trained network.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting, e.g. pretrain.views_seen=10000."),
]
Log = Annotated[
    Path | None, typer.Option("--log", help="Also write log lines to this file.", dir_okay=False)
]
Resume = Annotated[
    ResumeName,
    typer.Option(
        "--resume",
        help="auto: take a finished training of the same config and dataset, or go on with an"
        " unfinished one, else start anew; must: go on, with changed settings too; never: start"
        " anew.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write the metrics to standard output.")]


@app.command()
def pretrain(
    data: Data,
    config: Config,
    out: Out,
    overrides: Overrides = None,
    resume: Resume = ResumeName.auto,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Train a network to recognise the views of a jet, without labels.

    On several GPUs: torchrun --nproc-per-node N -m rs3l_train pretrain ...
    """
    from rs3l_train.tasks import pretrain as task

    settings = load_training(config, overrides or ())
    with _together(log) as processes:
        dataset = rs3l_data.open(data, corrupt=settings.data.corrupt)
        metrics = task.pretrain(dataset, settings, out, resume.value, processes)
    if processes.first:
        _answer(metrics, out, as_json)


@app.command()
def finetune(
    data: Data,
    config: Config,
    out: Out,
    pretrained: Annotated[
        str, typer.Option("--pretrained", help="Folder of a pretraining, or `none`.")
    ],
    mode: Annotated[ModeName, typer.Option("--mode", help="How to train the tagger.")],
    labels: Annotated[int, typer.Option("--labels", min=4, help="Labelled jets to use.")],
    overrides: Overrides = None,
    resume: Resume = ResumeName.auto,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Train a tagger on some labelled jets, and test it in every view.

    On several GPUs: torchrun --nproc-per-node N -m rs3l_train finetune ...
    """
    from rs3l_train.tasks import stages

    settings = load_training(config, overrides or ())
    folder = None if pretrained == "none" else Path(pretrained)
    if (folder is None) != (mode is ModeName.scratch):
        raise ConfigError(
            f"--mode {mode.value} --pretrained {pretrained}: scratch goes with `none`, all others"
            " with the folder of a pretraining"
        )
    with _together(log) as processes:
        metrics = stages.finetune(
            rs3l_data.open(data),
            settings,
            folder,
            mode.value,
            labels,
            out,
            resume.value,
            processes,
        )
    if processes.first:
        _answer(metrics, out, as_json)


@app.command()
def evaluate(
    data: Data,
    model: Annotated[Path, typer.Option("--model", help="Folder of a trained tagger.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the results; else the model's.")
    ] = None,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Test a tagger on the test split of a dataset, in every view."""
    from rs3l_train.tasks import stages

    folder = out or model / "evaluation"
    with logging_to(log):
        metrics = stages.evaluate(rs3l_data.open(data), model, folder)
    _answer(metrics, folder, as_json)


@app.command()
def embed(
    data: Data,
    model: Model,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The HDF5 file to write.", dir_okay=False)
    ],
    split: Annotated[
        str | None, typer.Option("--split", help="train, validation or test; else all.")
    ] = None,
    views: Annotated[
        str | None, typer.Option("--views", help="Views, separated by commas; else all.")
    ] = None,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Write the embeddings of jets, and a tagger's scores, to an HDF5 file.

    Example: python -m rs3l_train embed --data DATASET --model RUN --split test --out test.h5
    """
    from rs3l_train.tasks import embed as task

    chosen = rs3l_data.open(data).select(splits=split, views=views and views.split(","))
    with logging_to(log):
        summary = task.embed(chosen, model, out)
    typer.echo(json.dumps(summary) if as_json else str(out))


@app.command()
def export(
    model: Model,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The ONNX file to write.", dir_okay=False)
    ],
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Write a network as ONNX, from physical columns to embedding and score.

    Example: python -m rs3l_train export --model TAGGER --out tagger.onnx
    """
    from rs3l_train.tasks import export as task

    with logging_to(log):
        summary = task.export(model, out)
    typer.echo(json.dumps(summary) if as_json else str(out))


@app.command()
def study(
    data: Data,
    config: Config,
    out: Out,
    pretrained: Annotated[Path, typer.Option("--pretrained", help="Folder of a pretraining.")],
    overrides: Overrides = None,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Compare a pretrained network with one from scratch for several numbers of labels.

    On several GPUs, each training on one: torchrun --nproc-per-node N -m rs3l_train study ...
    """
    from rs3l_train.tasks import study as task

    settings = load_training(config, overrides or ())
    with _together(log) as processes:
        metrics = task.study(rs3l_data.open(data), settings, pretrained, out, processes)
    if processes.first:
        _answer(metrics, out, as_json)


@app.command()
def run(
    data: Data,
    out: Out,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="A config with a `training` block; else the defaults."),
    ] = None,
    overrides: Overrides = None,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Do the usual chain: pretrain, train taggers, test them in every view, draw the pictures.

    Example: python -m rs3l_train run --data results/demo/dataset --config config/demo.yaml --out
    results/demo/training

    On several GPUs: torchrun --nproc-per-node N -m rs3l_train run ...
    """
    from rs3l_train.tasks import run as task

    settings = load_training(config, overrides or ())
    command = ["python", "-m", "rs3l_train", *sys.argv[1:]]
    with _together(log) as processes:
        metrics = task.run(rs3l_data.open(data), data, settings, out, command, processes)
    if processes.first:
        _answer(metrics, out / "study", as_json)


@app.command()
def benchmark(
    data: Data,
    config: Config,
    networks: Annotated[
        list[str] | None,
        typer.Option("--network", help="A network to time, or `config`; may be repeated."),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="Time for each [s].")] = 5.0,
    overrides: Overrides = None,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Time reading and training on this machine, against what it could do at best."""
    from rs3l_train.benchmark.rates import NETWORKS
    from rs3l_train.benchmark.rates import benchmark as task
    from rs3l_train.benchmark.table import as_markdown

    settings = load_training(config, overrides or ())
    with logging_to(log):
        report = task(rs3l_data.open(data), settings, networks or list(NETWORKS), seconds)
    typer.echo(json.dumps(report) if as_json else as_markdown(report))


@contextmanager
def _together(log: Path | None) -> Iterator[Processes]:
    """Join the processes that torchrun started; the first of them tells and logs."""
    from rs3l_train.loop.processes import joined

    with joined() as processes, logging_to(log if processes.first else None):
        if not processes.first:
            logging.disable(logging.WARNING)
        yield processes


def _answer(metrics: dict[str, Any], folder: Path, as_json: bool) -> None:
    text = json.dumps(metrics, ensure_ascii=False) if as_json else f"{folder / 'metrics.json'}"
    typer.echo(text)


def main() -> None:
    """Run the command line; an error that a user can fix ends it with one message."""
    ending.run(app)


if __name__ == "__main__":
    main()
