"""`rs3l-train schema`: the JSON schema of a config, for editors."""

from __future__ import annotations

import json

import typer


def schema() -> None:
    """Print the JSON schema of a config file, its `training` block included.

    Example: rs3l-train schema > config/schema.json
    """
    from rs3l_train.config.schema import config_schema

    typer.echo(json.dumps(config_schema(), indent=2, ensure_ascii=False))
