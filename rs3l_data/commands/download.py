"""`rs3l-data download`: a published dataset from its archive."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.choices import choice
from rs3l_data.commands.options import AsJson, BaseUrl, Log, ProgressStyle
from rs3l_data.record.address import ZENODO


def download(
    record: Annotated[
        str,
        typer.Argument(
            metavar="RECORD", help="The record's number, its DOI, or the address of its page."
        ),
    ],
    to: Annotated[Path, typer.Option("--to", help="The folder for the files; made if need be.")],
    files: Annotated[
        list[str] | None, typer.Option("--files", help="Only files of this name; * and ? allowed.")
    ] = None,
    processes: Annotated[
        list[str] | None, choice("processes", "process", "Only shards with these processes.")
    ] = None,
    views: Annotated[list[str] | None, choice("views", "view", "Keep only these views.")] = None,
    shards: Annotated[
        int | None, typer.Option("--shards", min=1, help="Only the first N shards of each process.")
    ] = None,
    threads: Annotated[
        int, typer.Option("--threads", min=1, max=32, help="Files fetched at the same time.")
    ] = 4,
    attempts: Annotated[
        int, typer.Option("--attempts", min=1, help="Failures in a row before giving up.")
    ] = 8,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", min=0.1, help="Seconds without data after which an attempt has failed."
        ),
    ] = 60.0,
    base_url: BaseUrl = ZENODO,
    log: Log = None,
    progress: ProgressStyle = "auto",
    as_json: AsJson = False,
) -> None:
    """Fetch a record, or what is missing of it here; every file is verified.

    `--files` may be given several times. Run it again after a break, and it goes on; run it on a
    complete copy, and it checks that without a network.

    Example: rs3l-data download 10.5281/zenodo.123 --to data --processes hbb --shards 2
    """
    from rs3l_data.progress import logging_to
    from rs3l_data.record.address import locate
    from rs3l_data.record.client import Client
    from rs3l_data.record.download import download as fetch
    from rs3l_data.record.selection import Selection

    selection = Selection(
        files=tuple(files or ()),
        processes=tuple(processes or ()),
        views=tuple(views or ()),
        shards=shards,
    )
    client = Client(attempts=attempts, timeout=timeout)
    with logging_to(log):
        done = fetch(locate(record, base_url), to, selection, client, threads, progress)
    if as_json:
        typer.echo(json.dumps(asdict(done), default=str))
    elif done.fetched:
        typer.echo(
            f"{to}: {done.title or record}: {done.files} files, {done.fetched} fetched, "
            f"{done.bytes / 1e6:.1f} MB; all verified"
        )
    else:
        typer.echo(f"{to}: {done.title or record}: {done.files} files, all here, all verified")
