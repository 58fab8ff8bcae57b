"""The results of taggers as short tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rs3l_data.text_table import aligned

Metrics = Mapping[str, Any]
"""The content of a `metrics.json`"""


def tagger_table(metrics: Metrics) -> str:
    """Write AUC and 1/ε_B of one tagger with their statistical errors: a row for each view.

    Parameters
    ----------
    metrics
        Of `finetune` or `evaluate`.
    """
    rows, unseen = metrics["rows"], _unseen(metrics)
    keys = list(rows[0]["rejection"])
    table = [["view", "AUC", *map(_rejection_at, keys)]]
    for row in rows:
        mark = " *" if row["view"] in unseen else ""
        rejections = zip(row["rejection"].values(), row["rejection_error"].values(), strict=True)
        cells = [f"{row['view']}{mark}", _auc(row["auc"], row["auc_error"])]
        table.append([*cells, *(_rejection(*one) for one in rejections)])
    note = "  * in no training, neither with labels nor without"
    title = f"{metrics['mode']}, {metrics['labels']} labels, on test jets, ± statistical error"
    return "\n".join([title, *_indented(table), *([note] if unseen else [])])


def study_table(metrics: Metrics) -> str:
    """Write AUC and 1/ε_B in the nominal view: a row for each mode and number of labels.

    Parameters
    ----------
    metrics
        Of `study`.
    """
    summary = metrics["summary"]
    keys = list(summary[0]["rejection_mean"])
    table = [["mode", "labels", "AUC", *map(_rejection_at, keys)]]
    for entry in summary:
        means, spreads = entry["rejection_mean"].values(), entry["rejection_std"].values()
        cells = [entry["mode"], str(entry["labels"]), _auc(entry["auc_mean"], entry["auc_std"])]
        rejections = (_rejection(*one) for one in zip(means, spreads, strict=True))
        table.append([*cells, *rejections])
    draws = 1 + max(row["draw"] for row in metrics["rows"])
    spread = f"mean ± standard deviation of {draws} draws" if draws > 1 else "one draw"
    title = f"on test jets of the view {metrics['task']['nominal_view']}, {spread} of the labels"
    return "\n".join([title, *_indented(table)])


def _unseen(metrics: Metrics) -> set[str]:
    """Name the views that neither the tagger nor its pretraining has seen."""
    tested = {row["view"] for row in metrics["rows"]}
    return tested - {*metrics["task"]["training_views"], *metrics["pretraining_views"]}


def _rejection_at(efficiency: str) -> str:
    return f"1/ε_B at ε_S = {efficiency}"


def _auc(value: float, error: float | None) -> str:
    return f"{value:.4f}" if error is None else f"{value:.4f} ± {error:.4f}"


def _rejection(value: float | None, error: float | None) -> str:
    """Write 1/ε_B, its error with two digits; ∞ where no background passes.

    >>> _rejection(45.678, 7.123), _rejection(1234.5, 234.0), _rejection(None, None)
    ('45.7 ± 7.1', '1234 ± 234', '∞')
    """
    if value is None:
        return "∞"
    if not error:
        return f"{value:.1f}"
    decimals = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"


def _indented(table: Sequence[Sequence[str]]) -> list[str]:
    return [f"  {line}" for line in aligned(table)]
