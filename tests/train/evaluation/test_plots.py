"""The pictures, and what is computed for them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rs3l_train.evaluation.plots import COLOURS, Plots, colours_of
from rs3l_train.evaluation.plots_curves import label_efficiency, rejection_band, roc_curves
from rs3l_train.evaluation.plots_embedding import principal_components
from rs3l_train.evaluation.plots_scores import background_masses
from rs3l_train.evaluation.scores import Scores


def test_principal_components_keep_the_largest_variance():
    random = np.random.default_rng(7)
    wide = random.normal(size=(500, 5)) * [0.1, 3.0, 0.1, 1.0, 0.1] + 4
    projected, shares = principal_components(wide)
    np.testing.assert_allclose(np.abs(np.corrcoef(projected[:, 0], wide[:, 1])[0, 1]), 1, atol=1e-2)
    assert shares[0] == pytest.approx(9 / 10.03, abs=0.02)
    assert projected.mean() == pytest.approx(0, abs=1e-12)
    one, shares = principal_components(wide[:, :1])
    assert one.shape == (500, 2)
    assert shares.tolist() == [1, 0]


def test_up_to_twenty_names_have_colours_of_their_own():
    for n in (1, 7, 8, 20):
        names = [f"view_{i}" for i in range(n)]
        assert list(colours_of(names)) == names
        assert len(set(colours_of(names).values())) == n
    assert colours_of(names[:7])["view_0"] == COLOURS[0]


def test_a_band_holds_its_curve():
    random = np.random.default_rng(4)
    draws = [Scores(random.normal(1, 1, 200), random.normal(0, 1, 200)) for _ in range(3)]
    mean, low, high = rejection_band(draws)
    seen = np.isfinite(mean)
    assert seen.sum() > 50
    assert (low[seen] <= mean[seen]).all()
    assert (mean[seen] <= high[seen]).all()


@pytest.mark.drawn
def test_better_is_higher_against_the_labels_and_what_has_no_place_on_the_axis_is_left_out(
    tmp_path,
):
    def row(labels, auc, rejection, **own):
        return {
            **{"view": "nominal", "mode": "probe", "labels": labels} | own,
            **{"auc": auc, "auc_error": 0.001},
            **{"rejection": {"0.5": rejection}, "rejection_error": {"0.5": 3.0}},
        }

    rows = [row(10, 0.98, 50.0), row(100, 0.99, None), row(1000, 1.0, 90.0)]
    rows.append(row(10, 0.6, 2.0, view="other"))
    baselines = [row(None, 0.4, 1.5, name="tau32")]
    figure = label_efficiency(rows, baselines, "nominal")
    area, rejection = figure.axes
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "log"]
    assert (area.yaxis.get_inverted(), rejection.yaxis.get_inverted()) == (True, False)
    assert area.lines[0].get_ydata() == pytest.approx([0.02, 0.01])
    assert area.lines[-1].get_ydata() == pytest.approx([0.6, 0.6])
    assert rejection.lines[0].get_ydata() == pytest.approx([50, 90])
    with Plots(tmp_path) as plots:
        plots.add(figure, "label_efficiency", "Labels", "Points.")


@pytest.mark.drawn
def test_plots_are_listed_with_their_captions(tmp_path):
    scores = {"probe": [Scores(np.arange(10.0), np.arange(10.0) - 3)]}
    figure = roc_curves(scores, {"n2": scores["probe"][0]})
    with Plots(tmp_path) as plots:
        plots.add(figure, "roc", "ROC", "A curve.")
    listed = json.loads((tmp_path / "plots" / "plots.json").read_text())
    assert listed == [{"file": "roc.png", "title": "ROC", "caption": "A curve."}]
    assert (tmp_path / "plots" / "roc.png").read_bytes().startswith(b"\x89PNG")
    pdf = (tmp_path / "plots" / "roc.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/Type3" not in pdf
    # What is no longer listed goes; the same figure is the same file.
    with Plots(tmp_path) as plots:
        plots.add(figure, "again", "ROC", "A curve.")
    assert {path.name for path in plots.folder.iterdir()} == {
        *("again.pdf", "again.png", "plots.json")
    }
    assert (tmp_path / "plots" / "again.pdf").read_bytes() == pdf


@pytest.mark.filterwarnings("error")
def test_a_dataset_without_masses_has_a_picture_without_them():
    scores = np.linspace(0, 1, 20)
    background_masses({"probe": Scores(scores, scores, np.full(20, np.nan))}, 0.5)
