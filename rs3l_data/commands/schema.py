"""`rs3l-data schema`: the JSON schema of a config, for editors."""

from __future__ import annotations

import typer


def schema() -> None:
    """Print the JSON schema of a config file.

    Example: rs3l-data schema > config/schema.json
    """
    import json

    from rs3l_data.describe.config import Config

    typer.echo(json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False))
