"""What the trainings of a run have measured: their `metrics.json` and plots."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rs3l_data.errors import InputFileError
from rs3l_data.report.numbers import NOTHING, count, measured, rounded
from rs3l_data.report.pictures import Picture, data_uri
from rs3l_data.report.table import Table

MODES = {"probe": "linear probe", "full": "fine-tuned", "scratch": "from scratch"}


class Row(BaseModel):
    """A tagger's, or a baseline's, figures of merit in one view of the test split."""

    view: str
    auc: float
    n_background: int
    rejection: dict[str, float | None]
    """1/ε_B by signal efficiency; None where no background passes"""
    rejection_error: dict[str, float | None]
    name: str = ""
    """Of a baseline"""
    mode: str = ""
    labels: int = 0


class Task(BaseModel):
    """What was tagged."""

    signal: list[str]
    background: list[str]
    nominal_view: str
    jets: dict[str, dict[str, int]]
    """By split, of signal and background"""


class Metrics(BaseModel):
    """What a `metrics.json` holds that the report shows; each stage has some of it."""

    stage: str
    task: Task | None = None
    rows: list[Row] = []
    baselines: list[Row] = []
    diagnostics: dict[str, float] = {}
    final: dict[str, float] = {}
    jets: int | None = None
    parameters: int | None = None
    views_seen: int | None = None
    seconds: float | None = None


class Plot(BaseModel):
    """An entry of `plots.json`."""

    file: str
    title: str
    caption: str


@dataclass(frozen=True, slots=True)
class Training:
    """One stage of training, ready for the page."""

    name: str
    """Its folder, below `training`"""
    facts: list[tuple[str, str]]
    diagnostics: list[tuple[str, str]]
    """Of the pretrained network"""
    tables: list[Table]
    plots: list[tuple[str, Picture]]
    """With their titles"""


def read_trainings(folder: Path) -> list[Training]:
    """Read all stages below a folder; none if it does not exist.

    Raises
    ------
    InputFileError
        If a file is not what `rs3l_train` writes, or a plot is missing.
    """
    return [
        _training(path.parent, path.parent.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("metrics.json"))
    ]


def _training(folder: Path, name: str) -> Training:
    path = folder / "metrics.json"
    content = _json(path)
    try:
        metrics = Metrics.model_validate(content)
    except ValidationError as error:
        raise InputFileError(f"{path}: not metrics of `rs3l-train`: {error}") from None
    facts = _facts(metrics)
    tables = []
    if metrics.task is not None:
        tables = [
            _in_view(metrics, metrics.task.nominal_view),
            *_by_view(metrics, metrics.task.nominal_view),
        ]
    return Training(name, facts, _diagnostics(metrics), tables, _plots(folder / "plots"))


def _facts(metrics: Metrics) -> list[tuple[str, str]]:
    facts = [("stage", metrics.stage)]
    for name, number in (
        ("training jets", metrics.jets),
        ("parameters", metrics.parameters),
        ("views passed through the network", metrics.views_seen),
        ("seconds", metrics.seconds),
    ):
        if number is not None:
            facts.append((name, count(number)))
    if metrics.task is not None:
        task = metrics.task
        facts += [("signal", ", ".join(task.signal)), ("background", ", ".join(task.background))]
        facts += [
            (f"{split} jets", f"{count(n['signal'])} signal, {count(n['background'])} background")
            for split, n in task.jets.items()
        ]
    return facts


def _diagnostics(metrics: Metrics) -> list[tuple[str, str]]:
    found = {**metrics.diagnostics, **metrics.final}
    budget = ("step", "views", "seconds")  # Said among the facts.
    return [
        (key.replace("r2 ", "R² of ").replace("_", " "), rounded(value))
        for key, value in found.items()
        if key not in budget
    ]


def _taggers(metrics: Metrics) -> dict[tuple[str, str], list[Row]]:
    """Collect rows by tagger and number of labels: all views, all draws."""
    taggers: dict[tuple[str, str], list[Row]] = {}
    for row in metrics.rows:
        key = (MODES.get(row.mode, row.mode), count(row.labels))
        taggers.setdefault(key, []).append(row)
    for row in metrics.baselines:
        taggers.setdefault((f"{row.name} alone", "none"), []).append(row)
    return taggers


def _in_view(metrics: Metrics, view: str) -> Table:
    """AUC and rejections in the reference view."""
    keys = list(dict.fromkeys(key for row in metrics.rows for key in row.rejection))
    rows = []
    for (name, labels), all_rows in _taggers(metrics).items():
        own = [row for row in all_rows if row.view == view]
        cells = [auc_text(own), *(rejection_text(own, key) for key in keys)]
        rows.append([name, labels, str(len(own)), *cells])
    header = ["tagger", "labels", "draws", "AUC", *(f"1/ε_B at ε_S = {key}" for key in keys)]
    return Table(header, rows, title=f"Test jets of the view {view}")


def _by_view(metrics: Metrics, reference: str) -> list[Table]:
    """AUC, and rejection at the middle signal efficiency, in all views side by side."""
    views = list(dict.fromkeys(row.view for row in metrics.rows))
    if views in ([], [reference]):
        return []
    keys = list(dict.fromkeys(key for row in metrics.rows for key in row.rejection))
    middle = keys[len(keys) // 2]
    aucs, rejections = [], []
    for (name, labels), all_rows in _taggers(metrics).items():
        own = {view: [row for row in all_rows if row.view == view] for view in views}
        aucs.append([name, labels, *(auc_text(rows) for rows in own.values())])
        rejections.append([name, labels, *(rejection_text(rows, middle) for rows in own.values())])
    header = ["tagger", "labels", *views]
    return [
        Table(header, aucs, title="AUC in each view"),
        Table(header, rejections, title=f"1/ε_B at ε_S = {middle} in each view"),
    ]


def auc_text(rows: Sequence[Row]) -> str:
    """Write the mean AUC and, of several draws, its standard deviation over them."""
    if not rows:
        return NOTHING
    aucs = [row.auc for row in rows]
    text = f"{statistics.fmean(aucs):.4f}"
    return text if len(aucs) == 1 else f"{text} ± {statistics.stdev(aucs):.4f}"


def rejection_text(rows: Sequence[Row], key: str) -> str:
    """Write 1/ε_B: of one draw with its statistical error, of several their mean and spread.

    Where no background passes, 1/ε_B is more than the number of background jets, and so the mean
    is more than that with this number in its place.
    """
    if not rows:
        return NOTHING
    found = [row.rejection[key] for row in rows]
    least = [row.n_background if x is None else x for row, x in zip(rows, found, strict=True)]
    if None in found:
        return f"> {rounded(statistics.fmean(least))}"
    errors = [error for row in rows if (error := row.rejection_error[key]) is not None]
    statistical = statistics.fmean(errors) if errors else None
    if len(rows) == 1:
        return measured(least[0], statistical)
    text = measured(statistics.fmean(least), statistics.stdev(least))
    return text if statistical is None else f"{text} (stat. {rounded(statistical, 2)})"


def _plots(folder: Path) -> list[tuple[str, Picture]]:
    listing = folder / "plots.json"
    if not listing.exists():
        return []
    content = _json(listing)
    try:
        plots = [Plot.model_validate(entry) for entry in content]
        return [
            (
                plot.title,
                Picture(data_uri((folder / plot.file).read_bytes()), plot.title, plot.caption),
            )
            for plot in plots
        ]
    except (ValidationError, OSError, TypeError) as error:
        raise InputFileError(
            f"{listing}: the plots cannot be read: {error}; train again, or delete the folder"
        ) from None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputFileError(f"{path}: not a readable JSON file: {error}") from None
