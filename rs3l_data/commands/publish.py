"""`rs3l-data publish`: a dataset as a record, ready for an archive."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.choices import choice
from rs3l_data.commands.options import BaseUrl, Log, ProgressStyle
from rs3l_data.record.address import ZENODO, archive

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def parse_size(text: str) -> int:
    """Read a number of bytes, as 500MB or 2 GB.

    >>> parse_size("1.5GB")
    1500000000
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)b?", text.strip().lower())
    if found is None or float(found[1]) == 0:
        raise typer.BadParameter(f"'{text}': expected kB, MB or GB, as 500MB")
    return round(float(found[1]) * _UNITS[found[2]])


def publish(
    dataset: Annotated[
        Path,
        typer.Argument(metavar="DATASET", help="The folder with the shards and dataset.json."),
    ],
    to: Annotated[
        Path,
        typer.Option("--to", help="The folder for the record: a new one, or one to upload again."),
    ],
    about: Annotated[
        Path, typer.Option("--about", help="YAML with title, creators, licence; docs/publish.md.")
    ],
    shard_size: Annotated[
        int | None,
        typer.Option(
            "--shard-size",
            parser=parse_size,
            metavar="SIZE",
            help="Pack the rows anew, into shards of this size, e.g. 500MB.",
        ),
    ] = None,
    by_view: Annotated[
        bool,
        typer.Option(
            "--by-view", help="Write one file for each view, so that a view can be fetched alone."
        ),
    ] = False,
    processes: Annotated[
        list[str] | None, choice("processes", "process", "Publish only these processes.")
    ] = None,
    views: Annotated[list[str] | None, choice("views", "view", "Publish only these views.")] = None,
    upload: Annotated[
        bool, typer.Option("--upload", help="Send it to the archive, as a draft.")
    ] = False,
    release: Annotated[
        bool,
        typer.Option("--release", help="With --upload: publish the draft, which cannot be undone."),
    ] = False,
    base_url: BaseUrl = ZENODO,
    log: Log = None,
    progress: ProgressStyle = "auto",
) -> None:
    """Make a record: shards, manifest, checksums, README.md (the card), metadata of the archive.

    `--upload` takes the token from the environment's ZENODO_TOKEN; repeated, it writes what
    `--about` says anew, and sends what is missing or has changed. Try it at
    `--base-url https://sandbox.zenodo.org` first.

    Example: rs3l-data publish results/demo/dataset --to record --about docs/publication.yaml
    """
    from rs3l_data.describe.publication import Publication
    from rs3l_data.describe.strict import validate
    from rs3l_data.describe.yaml_file import read_yaml
    from rs3l_data.errors import ConfigError
    from rs3l_data.progress import logging_to
    from rs3l_data.record.client import Client
    from rs3l_data.record.deposit import Token
    from rs3l_data.record.deposit import upload as send
    from rs3l_data.record.layout import Layout
    from rs3l_data.record.publish import METADATA, describe_again
    from rs3l_data.record.publish import publish as make

    base = archive(base_url)
    # The line that ends a file with a token is none of it.
    token = os.environ.get("ZENODO_TOKEN", "").strip()
    if release and not upload:
        raise ConfigError("--release: goes with --upload")
    if upload and not token:
        raise ConfigError(
            "--upload: the environment's ZENODO_TOKEN is not set; make a token with the scope "
            f"deposit:write at {base}/account/settings/applications"
        )
    spoken_for = validate(Publication, read_yaml(about), str(about))
    layout = Layout(
        shard_bytes=shard_size,
        by_view=by_view,
        processes=tuple(processes or ()),
        views=tuple(views or ()),
    )
    with logging_to(log):
        if upload and (to / METADATA).is_file():
            describe_again(dataset, to, spoken_for, layout)
        else:
            made = make(dataset, to, spoken_for, layout, progress)
            size = sum(file["bytes"] for file in made["files"]) / 1e6
            typer.echo(f"{to}: a record of {len(made['files'])} data files, {size:.1f} MB")
        if upload:
            client = Client(auth=Token(token), timeout=300)
            found = send(to, base, client, release, progress)
            state = "released" if release else "a draft; look at it, and release it there"
            typer.echo(f"{found.page}: {found.sent} files sent; {state}")
