"""`rs3l-data digest`: one number for a dataset's content."""

from __future__ import annotations

import json

import typer

from rs3l_data.commands.options import AsJson, DatasetOrShard


def digest(
    path: DatasetOrShard,
    as_json: AsJson = False,
) -> None:
    """Print one SHA-256 over the content that sharding and order do not change.

    Example: rs3l-data digest results/demo/dataset
    """
    import rs3l_data
    from rs3l_data.store.digest import digest as digest_of

    found = digest_of(rs3l_data.open(path))
    typer.echo(json.dumps({"digest": found}) if as_json else found)
