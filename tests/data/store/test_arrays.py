"""Items side by side: the first of each row, whatever the rows are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.offsets import offsets_of
from rs3l_data.store import arrays
from rs3l_data.store.arrays import side_by_side


@pytest.fixture(scope="module", autouse=True)
def _few_rows_at_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "_ROWS", 3)
        yield


@given(st.lists(st.integers(0, 6), max_size=20), st.integers(0, 7))
def test_the_first_items_of_each_row_are_side_by_side(counts, at_most):
    offsets = offsets_of(np.array(counts, np.int64))
    columns = [
        np.arange(offsets[-1], dtype=np.float32),
        -np.arange(offsets[-1], dtype=np.float32),
        np.arange(offsets[-1]).astype(np.uint8),
    ]
    found = [items.copy() for items in side_by_side(offsets, columns, at_most)]
    chosen = [
        start + i for start, n in zip(offsets, counts, strict=False) for i in range(min(n, at_most))
    ]
    expected = np.stack([column[chosen] for column in columns], axis=1)
    np.testing.assert_array_equal(np.concatenate([np.empty((0, 3)), *found]), expected)
