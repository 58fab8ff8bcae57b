from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.offsets import offsets_of
from rs3l_data.store.tables import View, concatenate, cut, take
from tests.data.store.random_tables import (
    assert_same_columns,
    assert_same_view,
    counts,
    random_initiators,
    random_view,
    seeds,
)


def rows_of(view: View):
    """Each row as plain values, by a loop that leaves no doubt."""
    return [
        (
            [column[i].tobytes() for column in view.jets.values()],
            [column[low:high].tobytes() for column in view.constituents.values()],
        )
        for i, (low, high) in enumerate(pairwise(view.offsets))
    ]


@given(counts, seeds, st.data())
def test_take_gives_the_rows_asked_for_with_their_items(sizes, seed, data):
    view = random_view(np.random.default_rng(seed), sizes)
    index = st.lists(st.integers(0, len(sizes) - 1), max_size=20) if sizes else st.just([])
    rows = data.draw(index)
    assert rows_of(take(view, np.array(rows, np.int64))) == [rows_of(view)[row] for row in rows]


@given(counts, seeds, st.data())
def test_cut_pieces_join_to_the_whole(sizes, seed, data):
    rng = np.random.default_rng(seed)
    view, initiators = random_view(rng, sizes), random_initiators(rng, sizes)
    at = data.draw(st.integers(0, len(sizes)))
    first, second = cut(view, 0, at), cut(view, at, len(sizes))
    assert rows_of(first) == rows_of(view)[:at]
    assert_same_view(concatenate([first, second]), view)
    halves = [cut(initiators, 0, at), cut(initiators, at, len(sizes))]
    assert_same_columns(concatenate(halves).decays, initiators.decays)


def test_parts_that_do_not_belong_together_are_refused():
    column = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match=r"'pt' has shape \(3,\); by the offsets it is \(2,\)"):
        View({"pt": column}, {}, offsets_of(np.array([1, 1])))
    with pytest.raises(ValueError, match="never falls"):
        View({}, {}, np.array([0, 2, 1]))


def test_tables_with_different_columns_do_not_join():
    view = View({"pt": np.zeros(1)}, {}, np.array([0, 0]))
    with pytest.raises(ValueError, match="same columns"):
        concatenate([view, View({"eta": np.zeros(1)}, {}, np.array([0, 0]))])
