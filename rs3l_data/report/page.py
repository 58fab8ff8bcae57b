"""The page: all tables and figures of a run, put into the template."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from rs3l_data.report import (
    benchmarks,
    distributions,
    impact,
    jets_figure,
    missing,
    overview,
    spectrum,
)
from rs3l_data.report.gather import Results, gather
from rs3l_data.report.observables import observables
from rs3l_data.report.style import drawn
from rs3l_data.report.template import filled
from rs3l_data.store.atomic import require_named, write_whole


def write_report(folder: Path, out: Path, figures_to: Path | None = None) -> None:
    """Write the report on the results in a folder, whole or not at all.

    Parameters
    ----------
    folder
        Of a run: with `dataset`, and perhaps `benchmarks` and `training`.
    out
        The HTML file.
    figures_to
        A folder for the figures as PDF; None: they are in the page alone.

    Raises
    ------
    ConfigError
        If there is a file at ``out`` that is no page by its name.
    InputFileError
        If there is no dataset, or a file is not what a run writes.
    StorageError
        If the page or a figure cannot be written.
    """
    require_named(out, "page", ".html", ".htm")
    results = gather(folder)
    pictures = drawn(partial(_pictures, results), figures_to)
    write_whole(out, _page(results, pictures, folder.resolve().name))


def _page(results: Results, pictures: Mapping[str, Any], name: str) -> str:
    """Make the page of a run, which has this name if its config does not say one."""
    config = results.manifest["config"]
    return filled(
        "template.html.j2",
        "report",
        name=config.get("name", name),
        views=results.dataset.views,
        **_tables(results),
        **pictures,
        citation=results.manifest.get("citation", []),
        config=yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
        trainings=results.trainings,
    )


def _tables(results: Results) -> dict[str, Any]:
    dataset, manifest, jobs = results.dataset, results.manifest, results.jobs
    return {
        "facts": overview.facts(manifest),
        "processes": overview.process_table(dataset, manifest),
        "view_settings": overview.view_table(manifest),
        "labels": overview.label_table(manifest),
        "splits": overview.split_table(manifest),
        "files": overview.file_table(manifest),
        "software": overview.software_table(manifest),
        "timing": benchmarks.timing_table(jobs, manifest["config"], dataset.views)
        if jobs
        else None,
    }


def _pictures(results: Results) -> Mapping[str, Any]:
    dataset = results.dataset
    # The shards of a part of a dataset name processes of which it has no rows.
    sizes = {name: made["n_rows"] for name, made in results.manifest["processes"].items()}
    processes = [name for name in dataset.processes if sizes.get(name)]
    shown = observables(dataset)
    found = distributions.collect(dataset, shown)
    statuses = missing.count_statuses(dataset)
    return {
        "examples": {
            process: jets_figure.jet_views(dataset, process, row)
            for process, row in jets_figure.example_rows(dataset).items()
        },
        "by_process": distributions.by_process(dataset, shown, found),
        "by_view": {
            process: distributions.by_view(dataset, process, shown, found) for process in processes
        }
        if len(dataset.views) > 1
        else {},
        "missing_chart": missing.missing_chart(dataset, statuses),
        "missing": missing.missing_table(dataset, statuses),
        "spectrum": spectrum.initiator_spectra(dataset, results.manifest),
        "impact": impact.significance_chart(dataset, impact.collect_significances(dataset)),
    }
