"""`rs3l-data export`: hard events and showers for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rs3l_data.commands.options import ConfigFile, HardFile, Log, Out, ProgressStyle

app = typer.Typer(no_args_is_help=True)


@app.command("lhe")
def lhe(
    hard_files: Annotated[
        list[Path], typer.Argument(help="Hard events of one process, as `hard` wrote them.")
    ],
    out: Out,
) -> None:
    """Write hard events as a Les Houches file, for another program to shower (gzip if *.gz).

    Example: rs3l-data export lhe results/demo/hard/hbb/*.h5 --out hbb.lhe.gz
    """
    from rs3l_data.exchange.lhe_out import export_lhe

    typer.echo(f"{out}: {export_lhe(hard_files, out)} events")


@app.command("hepmc")
def hepmc(
    config_file: ConfigFile,
    hard_file: HardFile,
    view: Annotated[str, typer.Argument(help="A view with a shower or hadronization of its own.")],
    out: Out,
    log: Log = None,
    progress: ProgressStyle = "auto",
) -> None:
    """Simulate a view again, from the same random numbers, into a HepMC3 file (gzip if *.gz).

    Example: rs3l-data export hepmc config/demo.yaml hbb-0.h5 nominal --out hbb-0.hepmc.gz
    """
    from rs3l_data.commands.generating import generating
    from rs3l_data.describe.load import load_config
    from rs3l_data.exchange.hepmc_out import export_hepmc
    from rs3l_data.jobs.inputs import read_hard_of

    config = load_config(config_file)
    config.require("views", view)
    hard, run = read_hard_of(config, hard_file)
    with generating(f"{run.process}/{hard_file.stem} {view}", len(hard), log, progress) as bar:
        export_hepmc(config, run, view, hard, out, bar)
    typer.echo(out)
