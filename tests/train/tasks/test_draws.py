from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from rs3l_data.describe.schema import Split
from rs3l_data.errors import InputFileError
from rs3l_train.loop.device import prepare
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.draws import draw_jets, draw_test_jets
from rs3l_train.tasks.labels import CLASSES, tagging_task
from tests.train.conftest import changed


def test_jets_are_drawn_where_they_are_needed(dataset, config):
    """Those to train and validate on in a view to train on, those to test in any."""
    seed_alone = changed(config, data={"views": ["seed"]})
    drawn = draw_jets(dataset, seed_alone, [(60, 0)])
    present = {view: dataset.jets(view)["present"] for view in dataset.views}
    assert present["seed"][drawn.labelled[60, 0]].all()
    assert present["seed"][drawn.validation].all()
    in_test = (dataset.initiators["split"] == Split.TEST) & np.any(list(present.values()), axis=0)
    assert drawn.test.tolist() == np.flatnonzero(in_test).tolist()


def test_a_jet_of_any_view_to_train_on_may_have_a_label(dataset, config):
    held_out = changed(config, data={"hold_out": ["seed"]}, task={"balance": "natural"})
    somewhere = np.any([dataset.jets(view)["present"] for view in ("nominal", "fsr_up")], axis=0)
    usable = np.flatnonzero(somewhere & (dataset.initiators["split"] == Split.TRAIN))
    drawn = draw_jets(dataset, held_out, [(len(usable), 0)])
    assert sorted(drawn.labelled[len(usable), 0]) == usable.tolist()


def test_jets_to_draw_from_are_counted_by_split_and_class(dataset, config):
    """Those of the nominal view, which `metrics.json` names."""
    target = tagging_task(dataset, config.task).target
    present, split = dataset.jets("nominal")["present"], dataset.initiators["split"]
    expected = {
        part.name.lower(): {
            name: int((present & (split == part) & (target == value)).sum())
            for name, value in CLASSES.items()
        }
        for part in Split
    }
    assert draw_jets(dataset, config, [(20, 0)]).jets == expected
    to_test = draw_test_jets(dataset, config)
    assert to_test.jets == expected
    assert not len(to_test.validation)


def test_the_balance_of_the_config_is_that_of_the_draws(dataset, config):
    natural = changed(config, task={"balance": "natural"})
    bench = set_bench(dataset, natural, prepare(natural), [(60, 0)])
    n_signal = int((bench.target[torch.from_numpy(bench.labelled_rows[60, 0])] == 1).sum())
    assert n_signal != 30
    assert n_signal / 60 == pytest.approx(1 / 3, abs=0.15)
    assert bench.signal_share is None
    equal = set_bench(dataset, config, prepare(config), [(60, 0)])
    assert int((equal.target[torch.from_numpy(equal.labelled_rows[60, 0])] == 1).sum()) == 30
    assert equal.signal_share == 0.5


def test_another_seed_draws_other_jets(dataset, config):
    few = changed(config, task={"validation_labels": 20}, evaluation={"max_jets": 30})
    one, other = (draw_jets(dataset, changed(few, seed=seed), [(20, 0)]) for seed in (3, 4))
    assert set(one.labelled[20, 0]) != set(other.labelled[20, 0])
    assert set(one.validation) != set(other.validation)
    assert set(one.test) != set(other.test)


@pytest.mark.parametrize("draw", [partial(draw_jets, draws=[(20, 0)]), draw_test_jets])
def test_a_class_that_a_view_lacks_is_told_before_any_training(dataset, config, draw):
    """Be the view one to train on or not: taggers are tested in all."""
    signal = tagging_task(dataset, config.task).target == CLASSES["signal"]
    in_view = dataset.jets("fsr_up")["present"]
    test = dataset.initiators["split"] == Split.TEST
    lacking = dataset[~(test & signal & in_view)]
    held_out = changed(config, data={"hold_out": ["fsr_up"]})
    with pytest.raises(InputFileError, match=r"no signal jet .* in the view fsr_up; simulate"):
        draw(lacking, held_out)
    few = changed(held_out, evaluation={"max_jets": 200})
    with pytest.raises(InputFileError, match=r"fsr_up; raise training\.evaluation\.max_jets, si"):
        draw(lacking, few)
    assert len(draw(lacking.select(views=["nominal", "seed"]), config).test)
