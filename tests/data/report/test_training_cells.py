"""Figures of one draw and of several, where some of them are not known or are nothing."""

import pytest

from rs3l_data.report.training_cells import Figure, auc_cell, cell, mean_of_known, rejection_cell
from rs3l_data.report.training_metrics import Row


def row(auc=0.9, auc_error=None, rejection=50.0, n_background=100):
    return Row(
        **{"view": "nominal", "auc": auc, "auc_error": auc_error, "n_background": n_background},
        rejection={"0.5": rejection},
        rejection_error={"0.5": 5.0},
    )


@pytest.mark.parametrize(
    "figures", [[], [Figure(None)], [Figure(0.5), Figure(None)], [Figure(None, 0.1), Figure(0.5)]]
)
def test_where_a_draw_has_no_figure_there_is_none(figures):
    assert cell(figures) == "–"


@pytest.mark.parametrize("sign", [1, -1])
def test_draws_that_agree_but_for_rounding_have_no_spread(sign):
    assert cell([Figure(sign * 0.3), Figure(sign * (0.1 + 0.2))]) == f"{sign * 0.3}"


def test_errors_and_chances_that_are_nothing_are_known():
    assert cell([Figure(0.5, by_chance=0.0)]) == "0.5\n(by chance 0)"
    assert cell([Figure(0.4, 0.0), Figure(0.6, 0.0)]) == "0.50 ± 0.14\n(stat. 0)"
    assert mean_of_known([0.0, None, 1.0]) == 0.5
    assert mean_of_known([None]) is None


def test_an_auc_has_the_errors_that_are_known():
    assert auc_cell([]) == "–"
    assert auc_cell([row()]) == "0.9000"
    assert auc_cell([row(), row(0.92)]) == "0.9100 ± 0.0141"
    assert auc_cell([row(0.9, 0.02), row(0.92)]) == "0.9100 ± 0.0141\n(stat. 0.0200)"


def test_where_no_background_passes_in_one_draw_the_mean_is_a_bound():
    empty = row(rejection=None, n_background=200)
    assert rejection_cell([row(), empty], "0.5") == rejection_cell([empty, row()], "0.5") == "> 125"
