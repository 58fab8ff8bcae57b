"""Items side by side or padded: the first of each row, however many rows are done at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.offsets import offsets_of
from rs3l_data.store import arrays
from rs3l_data.store.arrays import pad, side_by_side


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


@given(st.lists(st.integers(0, 5), max_size=20), st.none() | st.integers(0, 7))
def test_padding_against_a_loop(sizes, n_items):
    offsets = np.cumsum([0, *sizes])
    columns = [np.arange(offsets[-1], dtype=t) + 1 for t in (np.float32, np.int8)]
    features, mask = pad(offsets, columns, n_items)
    length = max(sizes, default=0) if n_items is None else n_items
    assert features.shape == (len(sizes), length, 2)
    assert features.dtype == np.float32
    for i, size in enumerate(sizes):
        for j in range(length):
            inside = j < size
            assert mask[i, j] == inside
            assert features[i, j].tolist() == [offsets[i] + j + 1 if inside else 0] * 2
