"""Which initiators have no jet in which view, and why."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import Status
from rs3l_data.report.numbers import percent, wilson
from rs3l_data.report.pictures import Picture
from rs3l_data.report.style import grid, picture
from rs3l_data.report.table import Table
from rs3l_data.store.reader import Dataset

REASONS = {
    Status.NO_JET_MATCHED: ("no jet above the pT cut matched", "#3f90da", ""),
    Status.FAILED_SELECTION: ("jet not selected", "#ffa90e", "//"),
    Status.GENERATOR_FAILED: ("generator failed", "#bd1f01", "xx"),
    Status.FAILED_CUT: ("cut away", "#832db6", ".."),
}
"""In words, with colour and hatch"""


def count_statuses(dataset: Dataset, rows: int = 20_000) -> npt.NDArray[np.int64]:
    """Count rows by process, view and status: (n_processes, n_views, n_statuses)."""
    shape = (len(dataset.processes), len(Status))
    counts = np.zeros((shape[0], len(dataset.views), shape[1]), np.int64)
    for block in dataset.blocks(rows):
        process = block.initiators["process"]
        for i, view in enumerate(dataset.views):
            flat = np.ravel_multi_index((process, block.jets(view, ["status"])["status"]), shape)
            counts[:, i] += np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)
    return counts


def missing_table(dataset: Dataset, counts: npt.NDArray[np.int64]) -> Table:
    """Write the shares of the missing jets by process, view and reason."""
    reasons = _reasons(counts)
    rows = []
    for i, process in enumerate(dataset.processes):
        for j, view in enumerate(dataset.views):
            own = counts[i, j]
            total = int(own.sum())
            shares = [percent(int(own[status]), total) for status in reasons]
            missing = percent(total - int(own[Status.PRESENT]), total)
            rows.append([process, view, str(total), missing, *shares])
    header = ["process", "view", "initiators", "missing", *(name for name, *_ in reasons.values())]
    return Table(header, rows, text_columns=(0, 1))


def missing_chart(dataset: Dataset, counts: npt.NDArray[np.int64]) -> Picture:
    """Draw the shares of each process that has rows as bars, one for each view."""
    n_views = len(dataset.views)
    height = 0.9 + 0.24 * n_views
    shown = [i for i, by_view in enumerate(counts) if by_view.any()]
    figure, axes = grid(len(shown), 3, 3.7, height, sharey=True, sharex=True)
    places = np.arange(n_views)
    for own, i in zip(axes, shown, strict=True):
        by_view = counts[i]
        total = by_view.sum(1).astype(np.float64)
        left = np.zeros(n_views)
        for status, (name, colour, hatch) in _reasons(counts).items():
            share = 100 * by_view[:, status] / total
            bars = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
            own.barh(places, share, left=left, height=0.7, label=name, **bars)
            left += share
        low, high = wilson((total - by_view[:, Status.PRESENT]).astype(np.float64), total)
        errors = np.clip([left - 100 * low, 100 * high - left], 0, None)
        own.errorbar(left, places, xerr=errors, fmt="none", ecolor="black", elinewidth=0.9)
        own.set_title(dataset.processes[i], fontsize=10, loc="left")
        own.set_yticks(places, dataset.views)
        own.tick_params(axis="y", which="both", length=0)
        own.set_xlabel("initiators without a jet [%]")
        own.tick_params(labelbottom=True)
    axes[0].invert_yaxis()
    axes[0].set_xlim(left=0)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=3)
    return picture(
        figure,
        "Bars of the share of initiators without a jet, by process, view and reason.",
        "Initiators without a selected jet, by reason, unweighted. Bars: 68 % binomial interval of"
        " all reasons together. Such a row stays in the dataset, marked as not present.",
    )


def _reasons(counts: npt.NDArray[np.int64]) -> dict[Status, tuple[str, str, str]]:
    """Leave out cuts on a finished dataset, unless it had any."""
    was_cut = counts[..., Status.FAILED_CUT].any()
    return {s: look for s, look in REASONS.items() if was_cut or s != Status.FAILED_CUT}
