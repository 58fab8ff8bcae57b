"""`rs3l-data report`: one self-contained page about a run."""

from __future__ import annotations

import typer

from rs3l_data.commands.options import Figures, Log, Page, Results


def report(
    results: Results,
    out: Page = None,
    figures: Figures = None,
    log: Log = None,
) -> None:
    """Write one HTML page about a run: dataset, views, times and trainings.

    Example: rs3l-data report results/demo
    """
    from rs3l_data.progress import logging_to
    from rs3l_data.report.page import write_report

    path = results / "report.html" if out is None else out
    with logging_to(log):
        write_report(results, path, figures)
    typer.echo(path)
