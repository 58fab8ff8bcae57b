from __future__ import annotations

import numpy as np
import pytest
import torch

from rs3l_train.tasks.pretraining import set_up
from tests.train.conftest import changed


@pytest.mark.parametrize("jets_per_batch", [16, 10_000])
def test_steps_and_views_of_an_epoch_are_those_of_its_batches(dataset, config, jets_per_batch):
    """By them a budget of views becomes steps, over which the learning rate falls."""
    chosen = changed(config, pretrain={"jets_per_batch": jets_per_batch})
    sample = set_up(dataset, chosen, torch.device("cpu")).training
    epochs = [[len(batch) for batch in sample.epoch(number)] for number in range(20)]
    assert {len(epoch) for epoch in epochs} == {sample.steps}
    # The jets that an epoch leaves out are others each time.
    assert sample.views_per_step == pytest.approx(np.mean(epochs), rel=5e-3)
    if sample.steps == 1:
        assert epochs == 20 * [[sample.views]]
