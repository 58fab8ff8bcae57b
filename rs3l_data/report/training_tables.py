"""The tables of the report on a training."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

from rs3l_data.report.numbers import NOTHING, count, measured, rounded
from rs3l_data.report.table import Table
from rs3l_data.report.training_metrics import Metrics, Row

MODES = {
    "probe": "linear probe",
    "last_layers": "last layers tuned",
    "full": "fine-tuned",
    "scratch": "from scratch",
    "trees": "boosted trees",
}

Taggers = dict[tuple[str, str], list[Row]]
"""Rows of all views and draws by tagger and number of labels"""


def training_tables(metrics: Metrics) -> list[Table]:
    """Make all tables for which the metrics have figures."""
    if metrics.task is None:
        return []
    view = metrics.task.nominal_view
    tables = [
        _in_view(metrics, view),
        *_by_view(metrics, view),
        _comparisons(metrics),
        _calibration(metrics, view),
        *_robustness(metrics, view),
        _sculpting(metrics, view),
    ]
    return [table for table in tables if table is not None]


def _taggers(metrics: Metrics) -> Taggers:
    """Collect rows by tagger and number of labels: all views, all draws."""
    taggers: Taggers = {}
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
    middle = _middle(key for row in metrics.rows for key in row.rejection)
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


def _comparisons(metrics: Metrics) -> Table | None:
    """Each way of training against the network from scratch."""
    if not metrics.comparisons:
        return None
    header = ["tagger", "against", "ε_S", "1/ε_B", "1/ε_B against", "ratio", "verdict"]
    rows = [
        [
            f"{MODES.get(c.mode, c.mode)}, {count(c.labels)} labels",
            f"{MODES.get(c.against, c.against)}, {count(c.against_labels)} labels",
            f"{c.signal_efficiency:g}",
            measured(c.rejection_mean, c.rejection_std),
            measured(c.against_rejection_mean, c.against_rejection_std),
            measured(c.ratio, c.ratio_error),
            c.verdict,
        ]
        for c in metrics.comparisons
    ]
    title = "Rejections compared: mean and spread over the draws, their ratio with its error"
    return Table(header, rows, text_columns=(0, 1, 6), title=title)


def _calibration(metrics: Metrics, view: str) -> Table | None:
    rows = []
    for (name, labels), all_rows in _taggers(metrics).items():
        own = [row for row in all_rows if row.view == view and row.calibration is not None]
        found = [row.calibration for row in own if row.calibration is not None]
        if own:
            rows.append(
                [
                    name,
                    labels,
                    _mean([row.accuracy for row in own], own[0].accuracy_error),
                    _mean([one.ece for one in found], found[0].ece_error),
                    rounded(statistics.fmean(one.ece_of_noise for one in found), 2),
                    _mean([one.brier for one in found], found[0].brier_error),
                ]
            )
    header = ["tagger", "labels", "accuracy", "calibration error", "by chance", "Brier score"]
    title = f"Accuracy at probability ½ and calibration, view {view}"
    return Table(header, rows, title=title) if rows else None


def _robustness(metrics: Metrics, reference: str) -> list[Table]:
    """Compare the other views with the nominal one, at the middle signal efficiency."""
    views = [view for view in dict.fromkeys(row.view for row in metrics.rows) if view != reference]
    rows = metrics.rows + metrics.baselines
    if not views or not any(row.at_nominal_threshold for row in rows):
        return []
    middle = _middle(key for row in rows for key in row.at_nominal_threshold)
    figures: dict[str, Callable[[Row], float | None]] = {
        f"ε_S at the threshold that is {middle} in {reference}": lambda row: (
            row.at_nominal_threshold[middle].signal_efficiency
        ),
        f"ε_B at that threshold, relative to {reference}": lambda row: (
            row.at_nominal_threshold[middle].relative_to_nominal
        ),
        f"Wasserstein distance of the background's scores from {reference}": lambda row: (
            row.wasserstein["background"].distance if row.wasserstein else None
        ),
        f"Wasserstein distance of the signal's scores from {reference}": lambda row: (
            row.wasserstein["signal"].distance if row.wasserstein else None
        ),
        f"Cosine of a signal jet's embeddings here and in {reference}": lambda row: (
            row.cosine["signal"].same_jet if "signal" in row.cosine else None
        ),
        f"Cosine of a background jet's embeddings here and in {reference}": lambda row: (
            row.cosine["background"].same_jet if "background" in row.cosine else None
        ),
    }
    tables = []
    for title, figure in figures.items():
        cells = []
        for (name, labels), all_rows in _taggers(metrics).items():
            known = [row for row in all_rows if middle in row.at_nominal_threshold]
            by_view = [[row for row in known if row.view == view] for view in views]
            texts = [_mean([figure(row) for row in own]) for own in by_view]
            if any(text != NOTHING for text in texts):
                cells.append([name, labels, *texts])
        tables.append(Table(["tagger", "labels", *views], cells, title=title))
    return [table for table in tables if table.rows]


def _sculpting(metrics: Metrics, view: str) -> Table | None:
    rows = []
    keys = list(dict.fromkeys(key for row in metrics.rows for key in row.sculpting))
    for (name, labels), all_rows in _taggers(metrics).items():
        own = [row for row in all_rows if row.view == view and row.sculpting]
        if own:
            rows.append([name, labels, *(_divergence(own, key) for key in keys)])
    header = ["tagger", "labels", *(f"cut at ε_S = {key}" for key in keys)]
    title = (
        "Mass sculpting: Jensen-Shannon divergence of the background's mass where it passes and"
        " where it fails the cut (in brackets: of as many random jets)"
    )
    return Table(header, rows, title=title) if rows else None


def _divergence(rows: Sequence[Row], key: str) -> str:
    cuts = [row.sculpting[key] for row in rows]
    by_chance = [cut.jsd_of_noise for cut in cuts if cut.jsd_of_noise is not None]
    noise = f" ({rounded(statistics.fmean(by_chance), 2)})" if by_chance else ""
    return _mean([cut.jsd for cut in cuts]) + noise


def _mean(found: Sequence[float | None], error: float | None = None) -> str:
    """Write the mean of a figure and its spread over the draws, of one draw its error."""
    values = [value for value in found if value is not None]
    if not values or len(values) < len(found):
        return NOTHING
    if len(values) > 1:
        mean, spread = statistics.fmean(values), statistics.stdev(values)
        # Draws that agree differ by rounding at most.
        return measured(mean, spread if spread > 1e-9 * abs(mean) else None)
    return measured(values[0], error)


def _middle(efficiencies: Iterable[str]) -> str:
    """Choose the one that the pictures of a training show, too."""
    rising = sorted(set(efficiencies), key=float)
    return rising[len(rising) // 2]
