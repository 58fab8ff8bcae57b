"""`rs3l-train benchmark`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from rs3l_data.progress import logging_to
from rs3l_train.commands.options import Config, Data, Json, Log, Overrides, naming_skip, opened
from rs3l_train.config import load_training


def benchmark(
    data: Data,
    config: Config,
    networks: Annotated[
        list[str] | None,
        typer.Option(
            "--network",
            help="edgeconv, transformer-0.1M, -1M, -10M (default: all) or `config`; repeatable.",
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, help="Seconds of each measurement.")
    ] = 5.0,
    overrides: Overrides = None,
    as_json: Json = False,
    log: Log = None,
) -> None:
    """Time reading and training on this machine, against what it could do at best.

    Example: rs3l-train benchmark --data DATASET --config CONFIG.yaml
    --network transformer-1M --set threads=1
    """
    from rs3l_train.benchmark.rates import NETWORKS
    from rs3l_train.benchmark.rates import benchmark as task
    from rs3l_train.benchmark.table import as_markdown

    settings = load_training(config, overrides)
    with logging_to(log), naming_skip(data, settings.data.corrupt, "--set data.corrupt=skip"):
        dataset = opened(data, settings.data.corrupt)
        report = task(dataset, settings, networks or list(NETWORKS), seconds)
    typer.echo(json.dumps(report) if as_json else as_markdown(report))
