"""Streaming: every row once, well mixed, the same wherever one starts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rs3l_data
from rs3l_data.store.stream import Epoch, Position, Stream
from rs3l_data.store.tables import take
from tests.data.store.random_tables import assert_same_view
from tests.synthetic import make_dataset

JETS_PER_BATCH = 64


@given(
    st.integers(0, 300),
    st.integers(1, 100),
    st.integers(1, 9),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_an_epoch_is_a_permutation_in_buffers(n_rows, buffer_rows, blocks, seed, number):
    epoch = Epoch(n_rows, buffer_rows, seed, number, blocks)
    order = epoch.order()
    assert np.array_equal(np.sort(order), np.arange(n_rows))
    buffers, places = epoch.places(order)
    assert np.all(np.diff(buffers) >= 0), "one buffer after the other"
    for buffer in range(epoch.n_buffers):
        rows = epoch.rows(buffer)
        assert np.array_equal(rows[places[buffers == buffer]], order[buffers == buffer])
        assert np.array_equal(np.sort(order[buffers == buffer]), rows)
        # A buffer's blocks differ by a row at most.
        assert len(rows) <= buffer_rows + blocks


def test_epochs_and_seeds_differ_and_repeat():
    def order(seed, number):
        return Epoch(1000, 100, seed, number).order().tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def chi_square(observed, expected):
    return float(((observed - expected) ** 2 / expected).sum())


def test_classes_mix_as_in_a_random_draw_though_the_dataset_is_sorted():
    """χ² of the number of jets of each class in a batch, over the batches of three epochs."""
    n_rows, shares = 120_000, (0.5, 0.3, 0.2)
    label = np.repeat(np.arange(3), [round(share * n_rows) for share in shares])
    expected = np.array(shares) * JETS_PER_BATCH
    statistic, freedom = 0.0, 0
    for number in range(3):
        order = Epoch(n_rows, 12_000, 7, number).order()
        batches = label[order[: len(order) // JETS_PER_BATCH * JETS_PER_BATCH]]
        for batch in batches.reshape(-1, JETS_PER_BATCH):
            statistic += chi_square(np.bincount(batch, minlength=3), expected)
            freedom += 2
    # A χ² of f degrees of freedom is f ± √(2f); without the blocks' mixing it would be 30 f.
    assert statistic < freedom + 5 * math.sqrt(2 * freedom)
    assert statistic > freedom - 5 * math.sqrt(2 * freedom)


def test_events_are_no_nearer_to_each_other_than_by_chance():
    """Pairs of rows of one event in one batch or in adjacent ones, within a buffer."""
    n_rows, buffer_rows = 60_000, 6000
    event = np.arange(n_rows) // 2
    together = 0
    for number in range(4):
        order = Epoch(n_rows, buffer_rows, 3, number).order()
        batch = np.empty(n_rows, int)
        batch[order] = np.arange(n_rows) // JETS_PER_BATCH
        together += int((np.abs(batch[0::2] - batch[1::2]) <= 1).sum())
        assert np.array_equal(event[0::2], event[1::2])
    # Two of the places of a buffer, at random, lie in batches at most one apart.
    batches = buffer_rows / JETS_PER_BATCH
    expected = 4 * n_rows / 2 * (3 * batches - 2) / batches**2
    assert abs(together - expected) < 5 * math.sqrt(expected)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Of 400 events, 600 rows in 3 shards."""
    return rs3l_data.open(make_dataset(tmp_path_factory.mktemp("stream"), 200, n_shards=3))


def test_batches_hold_the_rows_that_they_name(dataset):
    stream = Stream(dataset.select(splits="train"), 16, buffer_rows=100, seed=1)
    whole = {name: stream.dataset.read_view(name) for name in dataset.views}
    seen = []
    for batch in stream():
        assert len(batch.rows) == 16
        assert batch.views.keys() == whole.keys()
        for name, view in batch.views.items():
            assert_same_view(view, take(whole[name], batch.rows))
        seen += batch.rows.tolist()
    assert len(seen) == len(set(seen)) == 16 * stream.batches
    assert len(stream.dataset) - len(seen) < 16


@pytest.mark.parametrize("done", [0, 1, 7, -1])
def test_a_stream_goes_on_where_it_stopped(dataset, done):
    stream = Stream(dataset, 16, buffer_rows=150, seed=1)
    all_batches = list(stream(Position(2)))
    place = all_batches[done].after
    rest = list(stream(place)) if place.epoch == 2 else []
    expected = all_batches[done + 1 :] if done >= 0 else []
    assert [b.rows.tolist() for b in rest] == [b.rows.tolist() for b in expected]
    if rest:
        assert_same_view(rest[0].views["seed"], expected[0].views["seed"])
    assert all_batches[-1].after == Position(3, 0)


def test_what_is_passed_over_is_not_read(dataset, monkeypatch):
    stream = Stream(dataset, 16, buffer_rows=150, seed=1)
    read, read_rows = [], type(dataset).take

    def counted(self, rows):
        read.append(rows)
        return read_rows(self, rows)

    monkeypatch.setattr(type(dataset), "take", counted)
    next(stream(Position(0, stream.batches - 1)))
    assert len(read) == 1


def test_consumers_share_an_epoch(dataset):
    """All get the same number of batches, and no row comes twice."""
    streams = [Stream(dataset, 8, buffer_rows=70, consumer=i, consumers=3) for i in range(3)]
    rows = [[r for batch in stream() for r in batch.rows] for stream in streams]
    assert len({len(each) for each in rows}) == 1
    together = [row for each in rows for row in each]
    assert len(together) == len(set(together)) > 0.7 * len(dataset)


def test_few_rows_come_once_each(dataset):
    """Fewer than the blocks of a buffer."""
    rows = [r for batch in Stream(dataset[:31], 1, buffer_rows=100)() for r in batch.rows]
    assert sorted(rows) == list(range(31))


@pytest.mark.parametrize(
    "wrong",
    [
        {"consumer": 3, "consumers": 3},
        {"consumers": 50},
        {"batch_rows": 10_000},
        {"batch_rows": 0},
        {"buffer_rows": 0},
        {"seed": -1},
    ],
)
def test_wrong_settings(dataset, wrong):
    with pytest.raises(ValueError, match=r"consumer|rows"):
        Stream(dataset, **{"batch_rows": 8, "buffer_rows": 100, **wrong})
