"""`rs3l-data check`: whether a config is right, and what it would do."""

from __future__ import annotations

from typing import Any

from rs3l_data.commands.options import AsJson, ConfigFile


def check(config_file: ConfigFile, as_json: AsJson = False) -> None:
    """Validate a config and try every setting of its processes and views on Pythia.

    Example: rs3l-data check config/demo.yaml
    """
    import json

    import typer

    from rs3l_data.describe.config import load_config
    from rs3l_data.describe.settings import hard_settings, pileup_settings, view_settings
    from rs3l_data.describe.tree import roots
    from rs3l_data.simulate.pythia import generator_output_to, prepared

    config = load_config(config_file)
    with generator_output_to(None):
        for process in config.processes:
            prepared(hard_settings(config, process))
        # Several seconds for many processes and views, most of which read the same lines.
        for lines in {
            tuple(view_settings(config, process, view))
            for process in config.processes
            for view in config.views
        }:
            prepared(lines)
        prepared(pileup_settings(config))
    plan: dict[str, Any] = {
        "name": config.name,
        "views": [*config.views],
        "labels": [*config.labels],
        "processes": {
            name: {"events": process.events, "chunks": config.chunks(name)}
            for name, process in config.processes.items()
        },
        "simulation_jobs": sum(map(config.chunks, config.processes)) * len(roots(config.views)),
    }
    if as_json:
        typer.echo(json.dumps({"plan": plan, "config": config.model_dump(mode="json")}))
        return
    typer.echo(f"{config_file}: valid")
    for name, counts in plan["processes"].items():
        typer.echo(f"  {name}: {counts['events']} hard events in {counts['chunks']} chunks")
    typer.echo(f"  views: {', '.join(config.views)}")
    typer.echo(f"  {plan['simulation_jobs']} simulation jobs")
