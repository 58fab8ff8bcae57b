"""The tables of the report on a training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from rs3l_data.report.numbers import NOTHING, count, measured
from rs3l_data.report.table import Table
from rs3l_data.report.training_cells import Figure, auc_cell, cell, rejection_cell
from rs3l_data.report.training_metrics import Metrics, Row

MODES = {
    "probe": "linear probe",
    "last_layers": "last layers tuned",
    "full": "fine-tuned",
    "scratch": "from scratch",
    "trees": "boosted trees",
}

UNSEEN = "\N{NO-BREAK SPACE}*"
"""Marks a view that the taggers have seen in no training"""

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
        cells = [auc_cell(own), *(rejection_cell(own, key) for key in keys)]
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
        aucs.append([name, labels, *(auc_cell(rows) for rows in own.values())])
        rejections.append([name, labels, *(rejection_cell(rows, middle) for rows in own.values())])
    header = ["tagger", "labels", *_marked(metrics, views)]
    return [
        Table(header, aucs, title="AUC in each view"),
        Table(header, rejections, title=f"1/ε_B at ε_S = {middle} in each view"),
    ]


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
                    cell([Figure(row.accuracy, row.accuracy_error) for row in own]),
                    cell([Figure(one.ece, one.ece_error, one.ece_of_noise) for one in found]),
                    cell([Figure(one.brier, one.brier_error) for one in found]),
                ]
            )
    header = ["tagger", "labels", "accuracy", "calibration error", "Brier score"]
    title = f"Accuracy at probability ½ and calibration, view {view}"
    return Table(header, rows, title=title) if rows else None


def _robustness(metrics: Metrics, reference: str) -> list[Table]:
    """Compare the other views with the nominal one, at the middle signal efficiency."""
    views = [view for view in dict.fromkeys(row.view for row in metrics.rows) if view != reference]
    rows = metrics.rows + metrics.baselines
    if not views or not any(row.at_nominal_threshold for row in rows):
        return []
    middle = _middle(key for row in rows for key in row.at_nominal_threshold)
    figures: dict[str, Callable[[Row], Figure]] = {
        f"ε_S at the threshold that is {middle} in {reference}": partial(_signal, key=middle),
        f"ε_B at that threshold, relative to {reference}": partial(_background, key=middle),
        f"Wasserstein distance of the background's scores from {reference}": partial(
            _distance, name="background"
        ),
        f"Wasserstein distance of the signal's scores from {reference}": partial(
            _distance, name="signal"
        ),
        f"Cosine of a signal jet's embeddings here and in {reference}": partial(
            _cosine, name="signal"
        ),
        f"Cosine of a background jet's embeddings here and in {reference}": partial(
            _cosine, name="background"
        ),
    }
    tables = []
    for title, figure in figures.items():
        cells = []
        for (name, labels), all_rows in _taggers(metrics).items():
            known = [row for row in all_rows if middle in row.at_nominal_threshold]
            by_view = [[row for row in known if row.view == view] for view in views]
            texts = [cell([figure(row) for row in own]) for own in by_view]
            if any(text != NOTHING for text in texts):
                cells.append([name, labels, *texts])
        tables.append(Table(["tagger", "labels", *_marked(metrics, views)], cells, title=title))
    return [table for table in tables if table.rows]


def _signal(row: Row, key: str) -> Figure:
    cut = row.at_nominal_threshold[key]
    return Figure(cut.signal_efficiency, cut.signal_efficiency_error)


def _background(row: Row, key: str) -> Figure:
    cut = row.at_nominal_threshold[key]
    return Figure(cut.relative_to_nominal, cut.relative_to_nominal_error)


def _distance(row: Row, name: str) -> Figure:
    shift = row.wasserstein.get(name)
    return Figure(None) if shift is None else Figure(shift.distance, by_chance=shift.of_noise)


def _cosine(row: Row, name: str) -> Figure:
    cosine = row.cosine.get(name)
    return Figure(None) if cosine is None else Figure(cosine.same_jet, cosine.same_jet_error)


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
        " where it fails the cut"
    )
    return Table(header, rows, title=title) if rows else None


def _divergence(rows: Sequence[Row], key: str) -> str:
    cuts = [row.sculpting[key] for row in rows]
    return cell([Figure(cut.jsd, by_chance=cut.jsd_of_noise) for cut in cuts])


def _marked(metrics: Metrics, views: Iterable[str]) -> list[str]:
    """Mark the views that no training has seen."""
    unseen = metrics.unseen_views
    return [f"{view}{UNSEEN}" if view in unseen else view for view in views]


def _middle(efficiencies: Iterable[str]) -> str:
    """Choose the one that the pictures of a training show, too."""
    rising = sorted(set(efficiencies), key=float)
    return rising[len(rising) // 2]
