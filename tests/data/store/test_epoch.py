"""The order of a stream: every row once, well mixed, in shares for several readers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.store.epoch import Epoch, Share, largest_share

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


@pytest.mark.parametrize("buffer_rows", [100, 1000], ids=["ten buffers", "one buffer"])
def test_epochs_and_seeds_differ_and_repeat(buffer_rows):
    def order(seed, number):
        return Epoch(1000, buffer_rows, seed, number).order().tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_epochs_and_seeds_deal_blocks_out_anew():
    """Else the same rows would share a buffer, and nearly a batch, all training long."""
    deals = {(s, n): Epoch(8192, 1024, s, n).buffer_of_block for s, n in ((1, 0), (1, 1), (2, 0))}
    for other in ((1, 1), (2, 0)):
        same = np.mean(deals[1, 0] == deals[other])
        # One block in eight goes to the same buffer by chance, of 256.
        assert abs(same - 1 / 8) < 5 * math.sqrt(1 / 8 * 7 / 8 / 256)


def chi_square(observed, expected):
    return float(((observed - expected) ** 2 / expected).sum())


def spread_of_classes(label):
    """χ² of the number of jets of each class in a batch, over the batches of three epochs.

    Returns it with its degrees of freedom.
    """
    shares = np.bincount(label) / len(label)
    statistic, freedom = 0.0, 0
    for number in range(3):
        order = Epoch(len(label), 12_000, 7, number).order()
        batches = label[order[: len(order) // JETS_PER_BATCH * JETS_PER_BATCH]]
        for batch in batches.reshape(-1, JETS_PER_BATCH):
            statistic += chi_square(np.bincount(batch, minlength=3), shares * JETS_PER_BATCH)
            freedom += 2
    return statistic, freedom


SORTED = np.repeat(np.arange(3), [60_000, 36_000, 24_000])


def test_classes_mix_as_in_a_random_draw():
    label = np.random.default_rng(5).permutation(SORTED)
    statistic, freedom = spread_of_classes(label)
    # A χ² of f degrees of freedom is f ± √(2f).
    assert abs(statistic - freedom) < 5 * math.sqrt(2 * freedom)


def test_classes_mix_better_where_the_dataset_is_sorted():
    """Every batch has rows of all stretches; one after the other it would be 30 f."""
    statistic, freedom = spread_of_classes(SORTED)
    assert statistic < 0.1 * freedom


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
    # Of two places of a buffer, at random, that lie in batches at most one apart; fewer, as rows
    # of one stretch come in different rounds.
    batches = buffer_rows / JETS_PER_BATCH
    expected = 4 * n_rows / 2 * (3 * batches - 2) / batches**2
    assert 0.7 * expected < together < expected + 5 * math.sqrt(expected)


@given(
    st.integers(0, 300),
    st.integers(1, 100),
    st.integers(1, 9),
    st.integers(1, 12),
)
def test_readers_share_every_buffer(n_rows, buffer_rows, blocks, readers):
    """Each row is read, and found where it is read; twice only in a stretch that two share."""
    epoch = Epoch(n_rows, buffer_rows, 3, 1, blocks)
    every_row = np.arange(n_rows)
    expected, _ = epoch.places(every_row)
    times = np.zeros(n_rows, int)
    for reader in range(readers):
        share = Share(epoch, reader, readers)
        buffers, places = share.places(every_row)
        for buffer in range(epoch.n_buffers):
            read = share.rows(buffer)
            assert np.array_equal(read, every_row[buffers == buffer])
            assert np.array_equal(read[places[buffers == buffer]], read)
        assert np.array_equal(buffers[buffers >= 0], expected[buffers >= 0])
        times += buffers >= 0
    assert np.all(times >= 1)
    if blocks % readers == 0:
        assert np.all(times == 1)


@pytest.mark.parametrize("readers", [2, 8])
def test_batches_have_equal_parts_in_each_share(readers):
    """To within the rows of a stretch that a batch's ends cut off."""
    n_rows, batch = 60_000, 128
    epoch = Epoch(n_rows, 6000, 3, 0)
    counts = np.zeros((readers, n_rows // batch), int)
    rows = epoch.order()[: n_rows // batch * batch]
    for reader in range(readers):
        buffers, _ = Share(epoch, reader, readers).places(rows)
        counts[reader] = (buffers >= 0).reshape(-1, batch).sum(1)
    assert np.array_equal(counts.sum(0), np.full(n_rows // batch, batch))
    assert np.abs(counts - batch / readers).max() <= 2 * 32 / readers
    # A random draw would have this spread.
    random = math.sqrt(batch / readers * (1 - 1 / readers))
    assert counts.std() < 0.5 * random


@pytest.mark.parametrize("readers", [1, 2, 3, 8, 12, 32, 33, 48, 64])
def test_the_largest_share_is_that_of_a_reader(readers):
    epoch = Epoch(32_000, 32_000, 0, 0)
    shares = [len(Share(epoch, reader, readers).rows(0)) for reader in range(readers)]
    assert largest_share(readers) == max(shares) / 32_000
    if 32 % readers == 0:
        assert largest_share(readers) == 1 / readers


def test_there_is_no_such_reader():
    with pytest.raises(ValueError, match="no reader 2 of 2"):
        Share(Epoch(10, 10, 0, 0), 2, 2)


def test_each_stretch_and_each_buffer_has_an_order_of_its_own():
    epoch = Epoch(8192, 1024, 3, 0)
    deals = epoch.buffer_of_block.reshape(32, 8)
    assert len({tuple(deal) for deal in deals.tolist()}) > 25, "of 8! deals, for 32 stretches"
    # Blocks of one length, so that nothing but chance makes orders differ.
    assert set(np.diff(epoch.bounds)) == {32}
    places = [np.argsort(np.argsort(epoch.shuffled(buffer))) for buffer in range(8)]
    assert len({tuple(order) for order in (each.tolist() for each in places)}) == 8


def test_a_round_has_one_row_of_each_stretch_in_an_order_of_its_own():
    epoch = Epoch(8192, 1024, 3, 0)
    rounds = epoch.stretches(epoch.shuffled(2)).reshape(32, 32)
    assert np.array_equal(np.sort(rounds, axis=1), np.tile(np.arange(32), (32, 1)))
    assert len({tuple(each) for each in rounds.tolist()}) == 32
    # Of a stretch, too, the rows come in another order than that of the files.
    rows = epoch.shuffled(2)
    own = [rows[epoch.stretches(rows) == stretch] for stretch in range(32)]
    assert len({tuple((each - each.min()).tolist()) for each in own}) == 32
