"""What the trainings of a run have measured: their `metrics.json` and plots."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rs3l_data.errors import InputFileError
from rs3l_data.outdated import BEFORE
from rs3l_data.report.numbers import count, rounded
from rs3l_data.report.pictures import Picture, data_uri
from rs3l_data.report.table import Table
from rs3l_data.report.training_metrics import Metrics
from rs3l_data.report.training_tables import training_tables

CONFIG = "config.yaml"


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
    warnings: list[str]
    facts: list[tuple[str, str]]
    unseen: list[str]
    """Views that were in no training"""
    settings: str
    """Its `config.yaml`; empty where there is none"""
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
        # A pretraining of before the last change of the config is none of this run.
        if path.parent.name != BEFORE
    ]


def _training(folder: Path, name: str) -> Training:
    path = folder / "metrics.json"
    content = _json(path)
    try:
        metrics = Metrics.model_validate(content)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or 'as a whole'}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()[:3]
        ]
        raise InputFileError(
            f"{path}: not metrics of `rs3l-train`: {'; '.join(faults)}; train again, or delete the"
            " folder"
        ) from None
    return Training(
        name,
        metrics.warnings,
        _facts(metrics),
        metrics.unseen_views,
        _settings(folder / CONFIG),
        _diagnostics(metrics),
        training_tables(metrics),
        _plots(folder / "plots"),
    )


def _facts(metrics: Metrics) -> list[tuple[str, str]]:
    facts = [("stage", metrics.stage)]
    if metrics.views:
        facts.append(("views learned from", ", ".join(metrics.views)))
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
        if metrics.pretraining_views:
            facts.append(("pretrained on the views", ", ".join(metrics.pretraining_views)))
        facts.append(("labels given in the views", ", ".join(task.training_views)))
        if metrics.unseen_views:
            facts.append(("views in no training", ", ".join(metrics.unseen_views)))
        facts += [("signal", ", ".join(task.signal)), ("background", ", ".join(task.background))]
        facts += [
            (f"{split} jets", f"{count(n.signal)} signal, {count(n.background)} background")
            for split, n in task.jets.items()
        ]
    return facts


def _settings(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, ValueError) as error:
        raise InputFileError(f"{path}: cannot be read: {error}; train again") from None


def _diagnostics(metrics: Metrics) -> list[tuple[str, str]]:
    found = {**metrics.diagnostics, **metrics.final}
    budget = ("step", "views", "seconds")  # Said among the facts.
    return [
        (key.replace("r2 ", "R² of ").replace("_", " "), rounded(value))
        for key, value in found.items()
        if key not in budget
    ]


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
