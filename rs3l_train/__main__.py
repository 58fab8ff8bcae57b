"""The command line: ``python -m rs3l_train``, also ``rs3l-train``."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import rs3l_data
from rs3l_data.errors import ConfigError, RS3LError
from rs3l_data.progress import logging_to
from rs3l_train.config import load_training

app = typer.Typer(
    help="Pretrain a network on the views of a dataset, and tag jets with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


class ModeName(StrEnum):
    """The ways to train a tagger."""

    probe = "probe"
    full = "full"
    scratch = "scratch"


Data = Annotated[Path, typer.Option("--data", help="Folder of a dataset, or a shard.")]
Config = Annotated[Path, typer.Option("--config", help="The config with its `training` block.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting, e.g. pretrain.views_seen=10000."),
]
Log = Annotated[Path | None, typer.Option("--log", help="Also write log lines to this file.")]
Json = Annotated[bool, typer.Option("--json", help="Write the metrics to standard output.")]


@app.command()
def pretrain(
    data: Data,
    config: Config,
    out: Out,
    overrides: Overrides = None,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Train a network to recognise the views of a jet, without labels."""
    from rs3l_train.tasks import pretrain as task

    settings = load_training(config, overrides or ())
    with logging_to(log):
        dataset = rs3l_data.open(data, corrupt=settings.data.corrupt)
        metrics = task.pretrain(dataset, settings, out)
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
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Train a tagger on some labelled jets, and test it in every view."""
    from rs3l_train.tasks import stages

    settings = load_training(config, overrides or ())
    folder = None if pretrained == "none" else Path(pretrained)
    if (folder is None) != (mode is ModeName.scratch):
        raise ConfigError(
            f"--mode {mode.value} --pretrained {pretrained}: scratch goes with `none`, probe and"
            " full with the folder of a pretraining"
        )
    with logging_to(log):
        metrics = stages.finetune(rs3l_data.open(data), settings, folder, mode.value, labels, out)
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
def study(
    data: Data,
    config: Config,
    out: Out,
    pretrained: Annotated[Path, typer.Option("--pretrained", help="Folder of a pretraining.")],
    overrides: Overrides = None,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Compare a pretrained network with one from scratch for several numbers of labels."""
    from rs3l_train.tasks import study as task

    settings = load_training(config, overrides or ())
    with logging_to(log):
        metrics = task.study(rs3l_data.open(data), settings, pretrained, out)
    _answer(metrics, out, as_json)


def _answer(metrics: dict[str, Any], folder: Path, as_json: bool) -> None:
    text = json.dumps(metrics, ensure_ascii=False) if as_json else f"{folder / 'metrics.json'}"
    typer.echo(text)


def main() -> None:
    """Run the command line; an error that a user can mend ends it with one message."""
    try:
        app()
    except RS3LError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing half-written is left", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
