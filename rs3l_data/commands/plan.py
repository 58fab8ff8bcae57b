"""`rs3l-data plan`: what a run will take."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.commands.options import AsJson, ConfigFile
from rs3l_data.describe.config import Config
from rs3l_data.describe.rates import Rates


def plan(
    config_file: ConfigFile,
    cores: Annotated[
        int | None,
        typer.Option(
            "--cores",
            min=1,
            help="Number of cores to plan for; those of this machine if not given.",
        ),
    ] = None,
    validation: Annotated[
        bool, typer.Option("--validation", help="Include the jobs of `snakemake validation`.")
    ] = False,
    rates_file: Annotated[
        Path | None,
        typer.Option(
            "--rates", help="Use the rates in a file that --save wrote, not those of the package."
        ),
    ] = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="First measure every process and kind of view on this machine."
        ),
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds", min=0.5, help="CPU time of each measurement of --measure; 3 if not given."
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Write the rates of --measure to this file.", dir_okay=False),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--compare", help="The folder of a run of this config: compare it with the plan."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a run will take: jobs, CPU time, memory, disk, files, time by the clock.

    Example: rs3l-data plan config/rs3l.yaml --cores 500
    """
    from rs3l_data.describe.rates import rates_as_yaml, read_rates, recorded
    from rs3l_data.describe.resolved import Resolved
    from rs3l_data.describe.yaml_file import read_yaml
    from rs3l_data.errors import ConfigError, RS3LError
    from rs3l_data.plan.compare import compare, jobs_done
    from rs3l_data.plan.jobs import jobs_of
    from rs3l_data.plan.summary import summarise
    from rs3l_data.plan.text import comparison_in_words, plan_in_words
    from rs3l_data.store.atomic import write_whole

    if measure and rates_file is not None:
        raise ConfigError("--measure makes rates and --rates reads some: give one of them")
    for option, value in (("--save", save), ("--seconds", seconds)):
        if value is not None and not measure:
            raise ConfigError(f"{option}: goes with --measure")
    if save is not None and save.is_file() and save.stat().st_size:
        try:
            read_rates(save)
        except RS3LError:
            raise ConfigError(f"--save {save}: is there and holds no rates; another name") from None
    data = read_yaml(config_file)
    # As the workflow does, which keeps what an earlier run has chosen.
    run = Resolved.from_mapping(data, str(config_file), Path("results"))
    rates = recorded() if rates_file is None else read_rates(rates_file)
    if measure:
        cpu_s = seconds or 3.0
        command = f"rs3l-data plan {config_file} --measure --seconds {cpu_s:g}"
        rates = _measured(run.config, cpu_s, command, whole=save is not None)
    if save is not None:
        write_whole(save, rates_as_yaml(rates))
    run = Resolved(run.config, rates)
    jobs = jobs_of(run, validation)
    planned = summarise(run, jobs, cores or os.cpu_count() or 1)
    if results is None:
        typer.echo(json.dumps(planned, indent=2) if as_json else plan_in_words(planned))
        return
    found = compare(jobs_done(jobs, results), planned, rates.idle_s)
    typer.echo(json.dumps(found, indent=2) if as_json else comparison_in_words(found))


def _measured(config: Config, seconds: float, command: str, whole: bool) -> Rates:
    from rs3l_data.plan.measure import measure, n_steps, with_commands
    from rs3l_data.progress import Progress, logging_to
    from rs3l_data.simulate.pythia import generator_output_to

    with (
        logging_to(None),
        generator_output_to(None),
        Progress("measuring", n_steps(config), "measurements") as bar,
    ):
        rates = measure(config, seconds, command, bar)
        # Memory grows slowly: what it takes an event shows in a long job only.
        return with_commands(rates, config, 20 * seconds) if whole else rates
