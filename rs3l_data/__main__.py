"""The command line `rs3l-data`."""

from __future__ import annotations

import typer

from rs3l_data.commands import (
    benchmark,
    benchmark_store,
    check,
    convert,
    digest,
    download,
    export,
    hard,
    inspect,
    manifest,
    onepass,
    pack,
    pileup,
    plan,
    publish,
    report,
    reshape,
    resimulate,
    validate,
    validation,
)
from rs3l_data.ending import run
from rs3l_data.version import HELP, options

app = typer.Typer(
    name="rs3l-data",
    help="Make, read and describe re-simulated jet datasets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)
app.callback()(options)
SIMULATE = "Simulate: from a config to a dataset"
DATASET = "A dataset: look, check, cut, join"
EXCHANGE = "Exchange with others"
JUDGE = "Judge a run"

app.command("check", rich_help_panel=SIMULATE)(check.check)
app.command("plan", rich_help_panel=SIMULATE)(plan.plan)
app.command("pileup", rich_help_panel=SIMULATE)(pileup.pileup)
app.command("hard", rich_help_panel=SIMULATE)(hard.hard)
app.command("resimulate", rich_help_panel=SIMULATE)(resimulate.resimulate)
app.command("pack", rich_help_panel=SIMULATE)(pack.pack)
app.command("manifest", rich_help_panel=SIMULATE)(manifest.manifest)
app.command("inspect", rich_help_panel=DATASET)(inspect.inspect)
app.command("validate", rich_help_panel=DATASET)(validate.validate)
app.command("digest", rich_help_panel=DATASET)(digest.digest)
app.command("merge", rich_help_panel=DATASET)(reshape.merge)
app.command("split", rich_help_panel=DATASET)(reshape.split)
app.command("select", rich_help_panel=DATASET)(reshape.select)
app.command("publish", rich_help_panel=EXCHANGE)(publish.publish)
app.command("download", rich_help_panel=EXCHANGE)(download.download)
app.add_typer(
    convert.app,
    name="convert",
    rich_help_panel=EXCHANGE,
    help="Datasets from and to other projects' layouts.\n\n"
    "Example: rs3l-data convert to-parquet results/demo/dataset --to flat",
)
app.add_typer(
    export.app,
    name="export",
    rich_help_panel=EXCHANGE,
    help="Events for other programs: LHE, HepMC3.\n\n"
    "Example: rs3l-data export lhe results/demo/hard/hbb/*.h5 --out hbb.lhe.gz",
)
app.command("report", rich_help_panel=JUDGE)(report.report)
app.command("onepass", rich_help_panel=JUDGE)(onepass.onepass)
app.command("validation", rich_help_panel=JUDGE)(validation.validation)
app.command("benchmark", rich_help_panel=JUDGE)(benchmark.benchmark)
app.command("benchmark-store", rich_help_panel=JUDGE)(benchmark_store.benchmark_store)


def main() -> None:
    """Run a command; errors that a user can fix end it with a message, not with a traceback."""
    run(app)


if __name__ == "__main__":
    main()
