"""Figures of one or several draws of labelled jets, as a cell of a table."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rs3l_data.report.numbers import NOTHING, measured, rounded
from rs3l_data.report.training_metrics import Row


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of one draw."""

    value: float | None
    error: float | None = None
    """That the test jets leave; all draws have the same ones"""
    by_chance: float | None = None
    """What `value` would be if there were nothing to measure"""


def cell(figures: Sequence[Figure]) -> str:
    r"""Write a figure: of one draw with its error, of several their mean, spread and that error.

    What stands in brackets has a line of its own: there may be many views side by side.

    >>> cell([Figure(0.5, 0.1)]), cell([Figure(0.4, 0.1), Figure(0.6, 0.1)])
    ('0.50 ± 0.10', '0.50 ± 0.14\n(stat. 0.10)')
    >>> cell([Figure(0.5, by_chance=0.2)]), cell([Figure(0.5, 0.1, 0.2)])
    ('0.5\n(by chance 0.20)', '0.50 ± 0.10\n(by chance 0.20)')
    """
    values = [figure.value for figure in figures if figure.value is not None]
    if not values or len(values) < len(figures):
        return NOTHING
    error = mean_of_known(figure.error for figure in figures)
    by_chance = mean_of_known(figure.by_chance for figure in figures)
    beside = [] if by_chance is None else [f"by chance {rounded(by_chance, 2)}"]
    if len(values) == 1:
        text = measured(values[0], error)
    else:
        mean, spread = statistics.fmean(values), statistics.stdev(values)
        # Draws that agree differ by rounding at most.
        text = measured(mean, spread if spread > 1e-9 * abs(mean) else None)
        if error is not None:
            beside.insert(0, f"stat. {rounded(error, 2)}")
    return f"{text}\n({', '.join(beside)})" if beside else text


def auc_cell(rows: Sequence[Row]) -> str:
    """Write the AUC as `cell` does, with the same digits everywhere."""
    if not rows:
        return NOTHING
    aucs = [row.auc for row in rows]
    error = mean_of_known(row.auc_error for row in rows)
    text = f"{statistics.fmean(aucs):.4f}"
    if len(aucs) == 1:
        return text if error is None else f"{text} ± {error:.4f}"
    text += f" ± {statistics.stdev(aucs):.4f}"
    return text if error is None else f"{text}\n(stat. {error:.4f})"


def rejection_cell(rows: Sequence[Row], key: str) -> str:
    """Write 1/ε_B as `cell` does.

    Where no background passes, 1/ε_B is more than the number of background jets, and so the mean
    is more than that with this number in its place.
    """
    found = [row.rejection[key] for row in rows]
    if None in found:
        least = [row.n_background if x is None else x for row, x in zip(rows, found, strict=True)]
        return f"> {rounded(statistics.fmean(least))}"
    return cell([Figure(row.rejection[key], row.rejection_error[key]) for row in rows])


def mean_of_known(found: Iterable[float | None]) -> float | None:
    """Average those that are known; None if none is."""
    known = [value for value in found if value is not None]
    return statistics.fmean(known) if known else None
