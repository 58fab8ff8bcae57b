"""The command line `rs3l-data`."""

from __future__ import annotations

import sys

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
    publish,
    reshape,
    resimulate,
    schema,
    validate,
    validation,
)
from rs3l_data.commands import report as report_command
from rs3l_data.errors import RS3LError

app = typer.Typer(
    name="rs3l-data",
    help="Make, read and describe re-simulated jet datasets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("check")(check.check)
app.command("hard")(hard.hard)
app.command("pileup")(pileup.pileup)
app.command("resimulate")(resimulate.resimulate)
app.command("pack")(pack.pack)
app.command("manifest")(manifest.manifest)
app.command("inspect")(inspect.inspect)
app.command("validate")(validate.validate)
app.command("merge")(reshape.merge)
app.command("split")(reshape.split)
app.command("select")(reshape.select)
app.command("digest")(digest.digest)
app.command("publish")(publish.publish)
app.command("download")(download.download)
app.command("report")(report_command.report)
app.command("benchmark")(benchmark.benchmark)
app.command("benchmark-store")(benchmark_store.benchmark_store)
app.command("onepass")(onepass.onepass)
app.command("validation")(validation.validation)
app.command("schema")(schema.schema)
app.add_typer(convert.app, name="convert", help="Datasets from and to other projects' layouts.")
app.add_typer(export.app, name="export", help="Events for other programs: LHE, HepMC3.")


def main() -> None:
    """Run a command; errors that a user can mend end it with a message, not with a traceback."""
    try:
        app(standalone_mode=True)
    except RS3LError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing half-written is left\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
