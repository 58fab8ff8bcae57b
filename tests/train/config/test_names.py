from __future__ import annotations

import pytest

from rs3l_data.errors import ConfigError
from rs3l_train.config import DataConfig, validate_training
from rs3l_train.config.drawing import chosen_drawing
from rs3l_train.config.names import chosen_views, require_of_run

POINTS = {"nominal": "shower", "seed": "shower", "fsr_up": "shower"}
VIEWS = tuple(POINTS)
TASK = {"signal": ["Hbb", "Hcc"], "background": ["q", "g"]}


def test_held_out_views_are_not_chosen():
    assert chosen_views(VIEWS, DataConfig(hold_out=("seed",))) == ("nominal", "fsr_up")
    assert chosen_views(VIEWS, DataConfig(views=("seed",))) == ("seed",)


@pytest.mark.parametrize("weights", [{}, {"seed": 2.0}])
def test_views_need_no_point_to_start_from_where_no_weight_is_for_one(weights):
    """Datasets of others do not say it."""
    config = validate_training({"pretrain": {"view_weights": weights, "views_per_jet": 2}}, "test")
    drawing = chosen_drawing(VIEWS, dict.fromkeys(VIEWS), config)
    assert drawing.weights == tuple(weights.get(view, 1.0) for view in VIEWS)


def require(**blocks):
    config = validate_training({"task": TASK, **blocks}, "test")
    require_of_run(config, POINTS, ("Hbb", "q", "c", "b", "g"), "my.yaml")


def test_a_run_makes_what_its_training_takes():
    require()
    require(data={"hold_out": ["seed"], "labels": ["Hbb", "q"]})


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"data": {"hold_out": ["sed"]}}, r"data\.hold_out: .* no view 'sed'; .*'seed'"),
        ({"data": {"views": ["up"]}}, r"data\.views: the dataset has no view 'up'"),
        ({"data": {"hold_out": list(VIEWS)}}, r"data\.hold_out: no view is left"),
        ({"data": {"views": ["seed"]}}, r"objective\.name: 'ntxent' compares two views of a jet"),
        ({"pretrain": {"view_weights": {"detektor": 2}}}, r"pretrain\.view_weights: 'detektor'"),
        (
            {"data": {"labels": ["q"]}, "objective": {"name": "supervised"}},
            r"objective\.name: 'supervised' tells labels apart",
        ),
        ({"data": {"labels": ["top"]}}, r"data\.labels: the dataset has no label 'top'"),
        ({"task": {**TASK, "signal": ["top"]}}, r"task\.signal: .* no label 'top'"),
    ],
)
def test_what_a_run_does_not_make_is_named_before_it_begins(blocks, message):
    with pytest.raises(ConfigError, match=r"my\.yaml: training\." + message):
        require(**blocks)
