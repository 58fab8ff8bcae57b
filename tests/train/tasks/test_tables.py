"""What commands print of taggers."""

from __future__ import annotations

from rs3l_train.tasks.tables import study_table, tagger_table

TASK = {"training_views": ["nominal", "seed"], "nominal_view": "nominal"}


def row(view, auc, rejection, error, draw=0):
    keys = ("0.3", "0.5")
    return {
        "view": view,
        "draw": draw,
        "auc": auc,
        "auc_error": 0.01234,
        "rejection": dict(zip(keys, rejection, strict=True)),
        "rejection_error": dict(zip(keys, error, strict=True)),
    }


def tagger(rows, pretraining_views=()):
    return {
        **{"mode": "full", "labels": 100, "task": TASK, "rows": rows},
        "pretraining_views": pretraining_views,
    }


def test_a_tagger_has_a_row_a_view_and_those_of_no_training_are_marked():
    rows = [
        row("nominal", 0.91234, (1234.5, 45.678), (234.0, 7.123)),
        row("vincia", 0.9, (None, 5.6), (None, 0.0123)),
        row("fsr_up", 0.9, (12.0, 5.6), (1.0, 0.5)),
    ]
    assert tagger_table(tagger(rows, pretraining_views=["seed", "fsr_up"])).split("\n") == [
        "full, 100 labels, on test jets, ± statistical error",
        "  view      AUC              1/ε_B at ε_S = 0.3  1/ε_B at ε_S = 0.5",
        "  nominal   0.9123 ± 0.0123  1234 ± 234          45.7 ± 7.1",
        "  vincia *  0.9000 ± 0.0123  ∞                   5.600 ± 0.012",
        "  fsr_up    0.9000 ± 0.0123  12.0 ± 1.0          5.60 ± 0.50",
        "  * in no training, neither with labels nor without",
    ]


def test_without_views_that_are_new_to_it_there_is_nothing_to_explain():
    rows = [row("seed", 0.9, (10.0, 5.0), (1.0, 0.5))]
    assert "*" not in tagger_table(tagger(rows))
    new = [row("vincia", 0.9, (10.0, 5.0), (1.0, 0.5))]
    assert "*" in tagger_table(tagger(new))


def test_an_error_of_nothing_is_not_written():
    text = tagger_table(tagger([row("nominal", 0.9, (12.34, 5.0), (0.0, 0.5))]))
    assert text.split("\n")[-1] == ("  nominal  0.9000 ± 0.0123  12.3                5.00 ± 0.50")


def test_efficiencies_stand_in_the_order_of_the_metrics():
    one = row("nominal", 0.9, (12.0, 5.0), (1.0, 0.5))
    for name in ("rejection", "rejection_error"):
        one[name] = dict(reversed(one[name].items()))
    assert tagger_table(tagger([one])).split("\n")[1:] == [
        "  view     AUC              1/ε_B at ε_S = 0.5  1/ε_B at ε_S = 0.3",
        "  nominal  0.9000 ± 0.0123  5.00 ± 0.50         12.0 ± 1.0",
    ]


def summary(mode, spread):
    return {
        "mode": mode,
        "labels": 20,
        "auc_mean": 0.9,
        "auc_std": spread and 0.01,
        "rejection_mean": {"0.5": 12.0, "0.7": None},
        "rejection_std": {"0.5": spread and 3.21, "0.7": None},
    }


def test_a_study_has_a_row_for_each_way_of_training():
    study = {
        "task": TASK,
        "rows": [row("nominal", 0.9, (1, 1), (1, 1), draw) for draw in (0, 1, 2)],
        "summary": [summary("probe", True), {**summary("scratch", True), "labels": 1000}],
    }
    assert study_table(study).split("\n") == [
        "on test jets of the view nominal, mean ± standard deviation of 3 draws of the labels",
        "  mode     labels  AUC              1/ε_B at ε_S = 0.5  1/ε_B at ε_S = 0.7",
        "  probe    20      0.9000 ± 0.0100  12.0 ± 3.2          ∞",
        "  scratch  1000    0.9000 ± 0.0100  12.0 ± 3.2          ∞",
    ]
    two = study_table({**study, "rows": study["rows"][:2]})
    assert "mean ± standard deviation of 2 draws" in two
    alone = {**study, "rows": study["rows"][:1], "summary": [summary("probe", None)]}
    assert study_table(alone).split("\n") == [
        "on test jets of the view nominal, one draw of the labels",
        "  mode   labels  AUC     1/ε_B at ε_S = 0.5  1/ε_B at ε_S = 0.7",
        "  probe  20      0.9000  12.0                ∞",
    ]
