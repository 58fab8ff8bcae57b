"""The page on a run's physics, and the same numbers for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rs3l_data.describe.config import Config
from rs3l_data.describe.load import load_config
from rs3l_data.describe.references import comparable_processes
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.report.gather import gather
from rs3l_data.report.style import drawn
from rs3l_data.report.template import filled
from rs3l_data.store.atomic import require_named, write_whole
from rs3l_data.store.manifest import MANIFEST_NAME
from rs3l_data.store.reader import Dataset
from rs3l_data.validation import (
    closure,
    closure_figures,
    figures,
    guns,
    montecarlo,
    onepass,
    onepass_figures,
    variations,
)
from rs3l_data.validation.onepass import Comparison
from rs3l_data.validation.summary import cells, verdict_lines
from rs3l_data.validation.tables import (
    change_table,
    closure_table,
    cross_section_table,
    test_table,
    weight_table,
)
from rs3l_data.validation.verdicts import Test, failed, limit


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was measured."""

    config: Config
    dataset: Dataset
    comparisons: list[Comparison]
    changes: list[variations.Change]
    points: list[closure.Point]
    weights: dict[str, montecarlo.Weights]
    sections: dict[str, montecarlo.CrossSection]
    tests: list[Test]


def write_validation(results: Path, out: Path, figures_to: Path | None = None) -> int:
    """Write the page, and beside it a file of all numbers with the ending `.json`.

    Parameters
    ----------
    results
        A run's folder, with `config.yaml`, `dataset` and `onepass`.
    figures_to
        A folder for the figures as PDF; None: they are in the page alone.

    Returns
    -------
    Number of tests that failed.

    Raises
    ------
    ConfigError
        If another file would be lost.
    InputFileError
        If a file is missing or is not what the run writes.
    StorageError
        If the page or a figure cannot be written.
    """
    of_numbers = out.with_suffix(".json")
    require_named(out, "page", ".html", ".htm")
    if of_numbers.name == MANIFEST_NAME:
        raise ConfigError(f"{out}: its numbers would take the place of {of_numbers}; another name")
    found = find(results)
    page = _page(found, drawn(partial(_pictures, found), figures_to))
    numbers = json.dumps(as_numbers(found), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(of_numbers, numbers + "\n")
    write_whole(out, page)
    return len(failed(found.tests, found.config.validation.threshold))


def find(results: Path) -> Findings:
    """Measure and test everything."""
    gathered = gather(results)
    config = load_config(results / "config.yaml")
    dataset = gathered.dataset
    if gone := [name for name in gathered.manifest["processes"] if name not in config.processes]:
        raise InputFileError(
            f"{results / 'dataset'}: has the process '{gone[0]}', but {results / 'config.yaml'} has"
            " not; make the dataset of this config with `snakemake`"
        )
    comparisons, runs = onepass.open_references(config, results)
    changes = variations.changes(config, dataset)
    points = closure.measure(config.detector.load(), config.seed)
    processes = comparable_processes(config)
    sections = montecarlo.cross_sections(gathered.manifest, processes, runs)
    tests = [
        *onepass.compare(dataset, processes, comparisons),
        *variations.tests(changes),
        *closure.tests(points),
        *montecarlo.compare(dataset, comparisons[0].reference, sections),
    ]
    weights = montecarlo.weights(dataset)
    return Findings(config, dataset, comparisons, changes, points, weights, sections, tests)


def _page(found: Findings, pictures: Mapping[str, Any]) -> str:
    threshold = found.config.validation.threshold
    processes = comparable_processes(found.config)
    return filled(
        "validation.html.j2",
        "validation",
        name=found.config.name,
        n_tests=len(found.tests),
        n_failed=len(failed(found.tests, threshold)),
        threshold=threshold,
        limit=limit(found.tests, threshold),
        lines=verdict_lines(found.tests, threshold),
        processes=processes,
        left_out=[name for name in found.config.processes if name not in processes],
        matrix=cells(found.tests, processes, threshold),
        failed=test_table(failed(found.tests, threshold)),
        by_process={
            process: test_table(
                [t for t in found.tests if (t.group, t.process) == ("one-pass", process)]
            )
            for process in processes
        },
        n_events=found.config.validation.events,
        changes=change_table(found.changes),
        same_within=found.config.validation.same_within,
        closure=closure_table(found.points),
        n_shots=closure.N_EVENTS * guns.IN_EVENT,
        weights=weight_table(found.weights),
        sections=cross_section_table(found.sections),
        **pictures,
    )


def _pictures(found: Findings) -> dict[str, Any]:
    reference = found.comparisons[0].reference
    processes = comparable_processes(found.config)
    return {
        "p_values": figures.p_values(found.tests, found.config.validation.threshold),
        "one_pass": {
            process: onepass_figures.one_pass(found.dataset, process, found.comparisons)
            for process in processes
        },
        "variations": figures.variations(found.changes, found.dataset) if found.changes else None,
        "response": closure_figures.response(found.points),
        "tracking": closure_figures.tracking(found.points),
        "spectra": onepass_figures.spectra(
            {
                process: (
                    montecarlo.spectrum(found.dataset, process),
                    montecarlo.spectrum(reference, process),
                )
                for process in processes
            },
            found.dataset,
        ),
    }


def as_numbers(found: Findings) -> dict[str, Any]:
    """Collect all numbers for programs."""
    threshold = found.config.validation.threshold
    bound = limit(found.tests, threshold)
    numbers = {
        "name": found.config.name,
        "threshold": threshold,
        "p_limit": bound,
        "n_tests": len(found.tests),
        "n_failed": len(failed(found.tests, threshold)),
        "tests": [{**asdict(test), "failed": test.p < bound} for test in found.tests],
        "variations": _with(found.changes, "significance", "p", "finding"),
        "detector": _with(found.points, "pull"),
        "weights": {process: asdict(own) for process, own in found.weights.items()},
        "cross_sections_pb": {
            process: {**asdict(own), "pull": own.pull} for process, own in found.sections.items()
        },
    }
    finite: dict[str, Any] = _finite(numbers)
    return finite


def _with(records: Sequence[Any], *properties: str) -> list[dict[str, Any]]:
    return [{**asdict(one), **{name: getattr(one, name) for name in properties}} for one in records]


def _finite(value: Any) -> Any:
    """Write what JSON cannot hold as none, and numpy's numbers as Python's."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
