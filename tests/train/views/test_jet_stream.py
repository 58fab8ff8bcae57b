"""Batches for loops of one's own, which processes and workers share."""

from __future__ import annotations

import numpy as np
import pytest
from torch.utils.data import DataLoader

from rs3l_data.store.stream import Stream
from rs3l_train.views.stream import JetStream


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
