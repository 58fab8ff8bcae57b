from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.detect.distinct import group, rising_order

# Few different numbers, so that many are equal; large ones, which have several digits.
NUMBERS = st.lists(st.integers(0, 5) | st.integers(0, 2**40), max_size=200)


@given(NUMBERS)
def test_order_is_numpys_stable_one(numbers: list[int]) -> None:
    values = np.array(numbers, np.int64)
    assert rising_order(values).tolist() == np.argsort(values, kind="stable").tolist()


@given(NUMBERS)
def test_groups_are_numpys(numbers: list[int]) -> None:
    values = np.array(numbers, np.int64)
    _, first, group_of = np.unique(values, return_index=True, return_inverse=True)
    found = group(values)
    assert found[0].tolist() == first.tolist()
    assert found[1].tolist() == group_of.tolist()
