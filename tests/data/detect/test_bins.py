from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rs3l_data.detect.bins import bin_of

NUMBER = st.floats(-10, 10) | st.sampled_from([0.0, 1.5, 2.5])


@settings(deadline=None)  # the first call compiles
@given(st.lists(NUMBER, max_size=8), st.lists(NUMBER, max_size=50))
def test_bins_are_those_of_a_search(edges: list[float], values: list[float]) -> None:
    """A value that equals an edge lies below it."""
    rising = np.sort(np.array(edges))
    expected = np.searchsorted(rising, values)
    assert bin_of(rising, np.array(values)).tolist() == expected.tolist()
