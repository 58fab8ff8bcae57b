"""`rs3l-data validation`: whether a finished run's physics is right, on one page."""

from __future__ import annotations

from typing import Annotated

import typer

from rs3l_data.commands.options import Figures, Log, Page, Results


def validation(
    results: Results,
    out: Page = None,
    figures: Figures = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 1 if a test fails.")
    ] = False,
    log: Log = None,
) -> None:
    """Compare a run's views with one-pass Pythia, with each other and with the detector card.

    Writes the page and, beside it with the ending .json, all its numbers. The one-pass events lie
    in RESULTS/onepass, as `snakemake validation` puts them there.

    Example: rs3l-data validation results/demo --strict
    """
    from rs3l_data.progress import logging_to
    from rs3l_data.validation.page import write_validation

    path = results / "validation.html" if out is None else out
    with logging_to(log):
        failed = write_validation(results, path, figures)
    typer.echo(path)
    if strict and failed:
        typer.echo(f"{failed} tests failed", err=True)
        raise typer.Exit(1)
