"""`rs3l-data validate`: whether a dataset keeps every promise of its format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.commands.options import AsJson, ProgressStyle


def validate(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A dataset, its dataset.json, or a shard.")
    ],
    at_most: Annotated[
        int, typer.Option("--at-most", min=1, help="Violations of each kind to show.")
    ] = 10,
    with_digest: Annotated[
        bool, typer.Option("--digest/--no-digest", help="Compare the content's digest too.")
    ] = True,
    as_json: AsJson = False,
    progress: ProgressStyle = "auto",
) -> None:
    """Check every promise of docs/format.md; each violation with file, dataset and row.

    Ends with 0 if all are kept, with 1 if one is broken, with 2 if this is no dataset.

    Example: rs3l-data validate results/demo/dataset
    """
    from rs3l_data.integrity.validate import validate as findings_of
    from rs3l_data.progress import logging_to

    with logging_to(None):
        findings = findings_of(path, at_most, with_digest, progress)
    if as_json:
        typer.echo(json.dumps({"path": str(path), **findings.as_json()}))
    else:
        for violation in findings.violations:
            typer.echo(violation)
        for kind, count in findings.counts.items():
            if count > at_most:
                typer.echo(f"{path}: and {count - at_most} more of the kind [{kind}]")
        for what in findings.unchecked:
            typer.echo(f"{path}: not checked: {what}")
        total = findings.counts.total()
        typer.echo(f"{path}: " + ("valid" if findings.valid else f"{total} violations"))
    if not findings.valid:
        raise typer.Exit(1)
