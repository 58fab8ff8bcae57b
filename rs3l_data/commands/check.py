"""`rs3l-data check`: whether a config is right, and what it would do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs3l_data.commands.options import AsJson, ConfigFile, ProgressStyle

if TYPE_CHECKING:
    from rs3l_data.describe.config import Config


def check(
    config_file: ConfigFile,
    initialise: Annotated[
        bool,
        typer.Option(
            "--init/--no-init",
            help="Also initialise Pythia for each process and each distinct shower, 0.1 to 0.4 s "
            "each, and make ten hard events of each process, generated or from its LHE files: only "
            "this tells of cuts that no collision passes, missing parton densities, initiators "
            "that do not occur, or files of events that are missing or others.",
        ),
    ] = True,
    as_json: AsJson = False,
    progress: ProgressStyle = "auto",
) -> None:
    """Validate a config, try every setting on Pythia, and initialise it for each step.

    Example: rs3l-data check config/demo.yaml
    """
    from rs3l_data.describe.chunks import n_chunks
    from rs3l_data.describe.resolved import Resolved
    from rs3l_data.describe.tree import roots
    from rs3l_data.describe.yaml_file import read_yaml
    from rs3l_data.errors import ConfigError, GeneratorError
    from rs3l_data.native_output import nowhere
    from rs3l_data.progress import Progress, logging_to
    from rs3l_data.trial import instances, read_all, try_all

    # As the workflow does, which keeps the chunks that an earlier run has chosen.
    config = Resolved.from_mapping(read_yaml(config_file), str(config_file), Path("results")).config
    trials = instances(config) if initialise else {}
    with (
        logging_to(None),
        nowhere(),  # an error quotes what Pythia says of it
        Progress("initialise Pythia", len(trials), "instances", progress) as bar,
    ):
        try:
            read_all(config)
            remarks = try_all(trials, lambda done: bar(done) if done < len(trials) else None)
        except GeneratorError as error:
            raise ConfigError(f"{config_file}: {error}") from None
    chunks = {name: n_chunks(config, name) for name in config.processes}
    plan: dict[str, Any] = {
        "name": config.name,
        "views": [*config.views],
        "labels": [*config.labels],
        "processes": {
            name: {"events": process.events, "chunks": chunks[name]}
            for name, process in config.processes.items()
        },
        "simulation_jobs": sum(chunks.values()) * len(roots(config.views)),
        "initialised": [*trials],
        "remarks": remarks,
    }
    if as_json:
        typer.echo(json.dumps({"plan": plan, "config": config.model_dump(mode="json")}))
        return
    tried = f"Pythia initialised {len(trials)} times" if trials else "Pythia not initialised"
    typer.echo(f"{config_file}: valid; {tried}{_files(config, initialise)}")
    for remark in remarks:
        typer.echo(f"  note: {remark}")
    for name, counts in plan["processes"].items():
        typer.echo(f"  {name}: {counts['events']} hard events in {counts['chunks']} chunks")
    typer.echo(f"  views: {', '.join(config.views)}")
    typer.echo(f"  {plan['simulation_jobs']} simulation jobs")
    if config.training is not None:
        typer.echo("  training: not looked at here; `snakemake -n --configfile` does")


def _files(config: Config, initialise: bool) -> str:
    """Say how far other programs' files were looked at, if there are any."""
    lhe = any(process.lhe for process in config.processes.values())
    hepmc = any(view.hepmc for view in config.views.values())
    if not (lhe or hepmc):
        return ""
    if not initialise:
        return "; files of events not looked at"
    parts = ["the first ten events of each process's LHE files"] if lhe else []
    parts += ["the first event of each view's HepMC files"] if hepmc else []
    return f"; of files read: {' and '.join(parts)}, the rest when the jobs run"
