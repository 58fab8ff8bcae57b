"""Memory is used again when nobody can see it any more, and never before."""

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.store import recycled

LARGE = recycled.SMALLEST


@pytest.fixture(autouse=True)
def _nothing_idle(monkeypatch):
    gc.collect()
    monkeypatch.setattr(recycled, "_idle", {})


def place(array):
    return array.__array_interface__["data"][0]


def test_memory_is_used_again_when_the_last_view_is_gone():
    array = recycled.empty((2, LARGE), np.float32)
    assert array.shape == (2, LARGE)
    assert array.dtype == np.float32
    before = place(array)
    part = array[1, 5:].view(np.int32)
    del array
    other = recycled.empty(2 * LARGE, np.float32)
    assert place(other) != before, "a view is left"
    del part
    assert place(recycled.empty(2 * LARGE, np.float32)) == before


def test_an_array_of_another_size_gets_the_memory_if_it_fits_well():
    before = place(recycled.empty(LARGE, np.float64))
    assert place(recycled.empty(9 * LARGE, np.uint8)) == before, "an eighth is left over"
    assert place(recycled.empty(4 * LARGE - 1, np.uint8)) != before, "half would lie idle"
    assert place(recycled.empty(16 * LARGE, np.uint8)) != before, "does not fit"


def test_what_lies_idle_is_bounded_and_the_oldest_goes_first(monkeypatch):
    monkeypatch.setattr(recycled, "MOST_IDLE", 4 * LARGE)
    arrays = [recycled.empty(LARGE, np.uint8) for _ in range(5)]
    places = [place(array) for array in arrays]
    while arrays:
        del arrays[0]
    again = [recycled.empty(LARGE, np.uint8) for _ in range(3)]
    assert [place(array) for array in again] == places[:1:-1]
    assert not recycled._idle
    before = {place(array) for array in again}
    del again
    huge = recycled.empty(5 * LARGE, np.uint8)
    del huge
    assert {place(block) for block in recycled._idle.values()} == before, "it put others out"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4), st.booleans()), max_size=40))
def test_arrays_never_share_memory(steps):
    """Whatever is made and dropped in whatever order, every array keeps what it was given."""
    alive = {}
    for number, (name, size, as_view) in enumerate(steps):
        array = recycled.empty(size * LARGE // 2, np.int64)
        array.fill(number)
        alive[name] = (array[::3] if as_view else array, number)
        for values, expected in alive.values():
            assert (values == expected).all()
