"""Batches for loops of one's own, which processes and workers share."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from torch.utils.data import DataLoader

import rs3l_data
from rs3l_data.describe.schema import INITIATORS
from rs3l_data.errors import InputFileError
from rs3l_data.store.stream import Position, Stream
from rs3l_train.views.stream import JetStream


def loader_of(shared, workers=0, context=None):
    """Give a loader whose workers stay from epoch to epoch."""
    how = {"persistent_workers": True, "multiprocessing_context": context} if workers else {}
    return DataLoader(shared, batch_size=None, num_workers=workers, **how)


def rows_of(loader):
    """Go through what is left of an epoch, from where it shall start."""
    return [batch["rows"].tolist() for batch in loader]


def expected_rows(stream, consumers, start):
    """Of each consumer a batch by turns, as a loader takes them of its workers."""
    each = [replace(stream, consumer=i, consumers=consumers)(start) for i in range(consumers)]
    return [batch.rows.tolist() for turn in zip(*each, strict=True) for batch in turn]


def test_a_torch_loader_with_workers_shares_the_epoch(dataset):
    """Two ranks of two workers: equally many batches, no row twice, values of the dataset."""
    stream = Stream(dataset, 8, buffer_rows=60, seed=2)
    whole = dataset.to_numpy(n_constituents=16)
    rows = []
    for rank in range(2):
        loader = DataLoader(JetStream(stream, 16, rank, 2), batch_size=None, num_workers=2)
        batches = list(loader)
        rows.append([row for batch in batches for row in batch["rows"].tolist()])
        first = batches[0]
        np.testing.assert_array_equal(first["features"], whole["features"][:, first["rows"]])
        np.testing.assert_array_equal(first["mask"], whole["mask"][:, first["rows"]])
        np.testing.assert_array_equal(first["jet_pt"], whole["jets"]["pt"][:, first["rows"]])
    assert len(rows[0]) == len(rows[1]) > 0
    assert len({*rows[0], *rows[1]}) == len(rows[0]) + len(rows[1])


@pytest.mark.parametrize("n", [0, -2])
def test_jets_of_no_constituents_are_not_streamed(dataset, n):
    stream = Stream(dataset, 8, buffer_rows=60, seed=2)
    with pytest.raises(ValueError, match=rf"n_constituents: expected 1 or more, found {n}"):
        JetStream(stream, n)


@pytest.mark.parametrize(("rank", "world_size"), [(2, 2), (-1, 2), (0, 0)])
def test_a_process_that_is_none_of_them_is_refused_at_once(dataset, rank, world_size):
    stream = Stream(dataset, 8, buffer_rows=60, seed=2)
    told = rf"rank: expected 0 or more, and less than world_size \({world_size}\), found {rank}"
    with pytest.raises(ValueError, match=told):
        JetStream(stream, 16, rank, world_size)


@pytest.mark.parametrize(("workers", "context"), [(0, None), (2, "fork"), (2, "spawn")])
def test_workers_that_stay_begin_where_they_are_told(dataset, workers, context):
    """They hold a copy of the stream, and would repeat the first epoch for ever."""
    stream = Stream(dataset, 8, buffer_rows=60, seed=2)
    shared = JetStream(stream, 16)
    loader = loader_of(shared, workers, context)
    seen = []
    for start in (Position(), Position(1), Position(2, 3), Position()):
        shared.start = start
        assert shared.start == start
        seen.append(rows_of(loader))
        assert seen[-1] == expected_rows(stream, max(1, workers), start)
    assert seen[0] == seen[-1] != seen[1]


def test_a_copy_starts_where_it_is_told_and_not_its_original(dataset):
    """Its own workers hear of it as well."""
    stream = Stream(dataset, 8, buffer_rows=60, seed=2)
    shared = JetStream(stream, 16)
    shared.start = Position(3, 1)
    again = pickle.loads(pickle.dumps(shared))
    assert again.start == Position(3, 1)
    loader = loader_of(again, 2, "fork")
    for start in (Position(4), Position(5)):
        again.start = start
        assert rows_of(loader) == expected_rows(stream, 2, start)
    assert shared.start == Position(3, 1)


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_batches_have_the_columns_of_the_initiators_that_are_asked_for(dataset, context):
    """Here those of a part of the dataset: by its rows, not by the files'."""
    stream = Stream(dataset.select(splits="train"), 8, buffer_rows=60, seed=2)
    names = [column.name for column in INITIATORS]
    shared = JetStream(stream, 16, initiator_columns=names)
    for batch in loader_of(shared, 2, context):
        for name in names:
            expected = stream.dataset.initiators[name][batch["rows"].numpy()]
            np.testing.assert_array_equal(batch[f"initiator_{name}"].numpy(), expected, strict=True)


@pytest.mark.parametrize("asked", [(), ("label", "weight")])
def test_initiators_are_read_where_they_are_asked_for_alone(folder, asked):
    dataset = rs3l_data.open(folder)
    shared = JetStream(Stream(dataset, 8, buffer_rows=60), 16, initiator_columns=asked)
    found = [name for name in next(iter(shared)) if name.startswith("initiator_")]
    assert found == [f"initiator_{name}" for name in asked]
    assert ("initiators" in vars(dataset)) == bool(asked)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["labl"], r"no column of the initiators 'labl'; did you mean 'label'\?"),
        ("label", r"initiator_columns: expected a list of names, such as \[\"label\"\]"),
    ],
)
def test_initiators_have_no_such_column(dataset, asked, told):
    with pytest.raises(InputFileError, match=told):
        JetStream(Stream(dataset, 8, buffer_rows=60), 16, initiator_columns=asked)


@pytest.mark.parametrize(("workers", "world_size", "given"), [(2, 1, 6), (2, 2, 2)])
def test_an_epoch_goes_on_where_each_worker_was(dataset, workers, world_size, given):
    """A position counts the batches of one of them: of a loader's, as many as it has workers."""
    stream = Stream(dataset, 8, buffer_rows=60, seed=2)
    for rank in range(world_size):
        shared = JetStream(stream, 16, rank, world_size)
        loader = loader_of(shared, workers, "fork")
        shared.start = Position(1)
        whole = rows_of(loader)
        shared.start = Position(1, given // workers)
        assert rows_of(loader) == whole[given:] != []
        # What only some of the workers have given comes again.
        shared.start = Position(1, (given + 1) // workers)
        assert rows_of(loader) == whole[given:]
