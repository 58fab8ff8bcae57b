"""Streaming: the rows that are named, the same wherever one starts, shared by consumers."""

import pytest

import rs3l_data
from rs3l_data.store.stream import Position, Stream
from rs3l_data.store.tables import take
from tests.data.store.random_tables import assert_same_view
from tests.synthetic import make_dataset


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


@pytest.mark.parametrize("columns", [["d0", "pt"], []])
def test_batches_have_the_columns_asked_for(dataset, columns):
    """Without any, how many constituents a jet has is still known."""
    batch = next(Stream(dataset, 16, buffer_rows=100, columns=columns)())
    for name, view in batch.views.items():
        assert_same_view(view, take(dataset.read_view(name, columns), batch.rows))


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
    ("wrong", "fault"),
    [
        ({"consumer": 3, "consumers": 3}, "consumer 3 of 3, with 6 buffers"),
        ({"consumers": 50}, "consumer 0 of 50, with 6 buffers: .*lower buffer_rows"),
        ({"batch_rows": 10_000}, "the 600 rows of .* are too few"),
        ({"batch_rows": 0}, "batch_rows: expected 1 or more, found 0"),
        ({"buffer_rows": 0}, "buffer_rows: expected 1 or more, found 0"),
        ({"seed": -1}, "seed: expected 0 or more, found -1"),
    ],
)
def test_wrong_settings(dataset, wrong, fault):
    with pytest.raises(ValueError, match=fault):
        Stream(dataset, **{"batch_rows": 8, "buffer_rows": 100, **wrong})
