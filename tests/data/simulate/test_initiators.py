"""Which particles of a hard event are initiators, at the limits; real ones: test_generate."""

import numpy as np
import pytest

from rs3l_data.events.hard_events import HardEvents
from rs3l_data.simulate.initiators import Selection, find_rows


def event(*pt_and_eta):
    """One event of two incoming gluons and outgoing ones."""
    pt, eta = np.array(pt_and_eta, float).T
    n = len(pt)
    columns = {
        "pdg_id": np.full(n + 2, 21, np.int32),
        "status": np.array([-21, -21, *[23] * n], np.int32),
        "mother1": np.array([1, 2, *[3] * n], np.int32),
        "px": np.r_[0, 0, pt],
        "py": np.zeros(n + 2),
        "pz": np.r_[900, -900, pt * np.sinh(eta)],
    }
    return HardEvents({"event": np.zeros(1, np.int64)}, columns, np.array([0, n + 2]))


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("limit", [0.5, 1.0, 2.5])
def test_eta_is_cut_where_it_is_said(limit, sign):
    inside, outside = sign * (limit - 1e-3), sign * (limit + 1e-3)
    rows = find_rows(event((500, inside), (500, outside)), Selection((21,), (400, 1000), limit))
    assert rows.initiator.tolist() == [2]


def test_limits_of_pt_are_inclusive():
    hard = event((399.9, 0), (400, 0), (1000, 0), (1000.1, 0))
    assert find_rows(hard, Selection((21,), (400, 1000), 2.5)).initiator.tolist() == [3, 4]
