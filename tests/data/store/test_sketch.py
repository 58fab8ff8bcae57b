"""Sketches of hard events: what they share with others is told as if all keys were there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.store.sketch import SIZE, Sketch, initiator_keys


def initiators(n, seed=0):
    random = np.random.default_rng(seed)
    pt = random.uniform(400, 1000, n).astype(np.float32)
    eta, phi = random.uniform(-2, 2, (2, n)).astype(np.float32)
    return {"pt": pt, "eta": eta, "phi": phi, "event": np.arange(n)}


def part(columns, rows):
    return {name: column[rows] for name, column in columns.items()}


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_of_few_keys_all_are_compared(n_first, n_both, n_second):
    keys = initiator_keys(initiators(n_first + n_both + n_second))
    assert len(np.unique(keys)) == len(keys)
    first, second = keys[: n_first + n_both], keys[n_first:]
    assert Sketch.of(first).compared_with(second) == (len(second), n_both)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_of_many_keys_a_part_tells_for_all(share):
    n, n_other = 200_000, 50_000
    columns = initiators(n + n_other)
    learned = Sketch.of(initiator_keys(part(columns, slice(n))))
    assert len(learned.keys) == SIZE
    n_shared = round(share * n_other)
    compared, shared = learned.compared_with(
        initiator_keys(part(columns, slice(n - n_shared, n + n_other - n_shared)))
    )
    # As many as lie below the largest of the keys that are kept.
    assert abs(compared - n_other * SIZE / n) < 5 * np.sqrt(n_other * SIZE / n)
    assert abs(shared - share * compared) <= 5 * np.sqrt(share * (1 - share) * compared)


def test_keys_are_of_the_momentum_whatever_the_order_and_the_type():
    columns = initiators(1000)
    order = np.random.default_rng(1).permutation(1000)
    expected = initiator_keys(columns)
    assert np.array_equal(initiator_keys(part(columns, order)), expected[order])
    wider = {name: column.astype(">f8") for name, column in columns.items()}
    assert np.array_equal(initiator_keys(wider), expected)
    for name in ("pt", "eta", "phi"):
        moved = columns | {name: np.nextafter(columns[name], np.float32(10**4))}
        assert not np.isin(initiator_keys(moved), expected).any()


def test_an_unknown_momentum_is_nobodys():
    columns = initiators(5)
    columns["pt"][1:4] = 0, np.nan, np.inf
    assert len(initiator_keys(columns)) == 2


@pytest.mark.parametrize("n", [0, 3, SIZE + 5])
def test_a_sketch_is_written_as_text(n):
    sketch = Sketch.of(initiator_keys(initiators(n)))
    assert np.array_equal(Sketch.from_text(sketch.to_text()).keys, sketch.keys)


@pytest.mark.parametrize("text", ["?", "AAAA", "AAA"])
def test_another_text_is_no_sketch(text):
    with pytest.raises(ValueError, match=r"."):
        Sketch.from_text(text)
