from __future__ import annotations

import pytest
import torch

from rs3l_train.views.memory import Selection
from rs3l_train.views.positives import Positives


@pytest.fixture(scope="module")
def selection(jets):
    """All views of twelve jets."""
    positives = Positives(torch.ones(3), None, 1)
    rows = positives.rows(jets.present, torch.arange(jets.n_rows), True)[:12]
    jet, view = jets.present[:, rows].T.nonzero(as_tuple=True)
    return Selection(view, rows[jet])
