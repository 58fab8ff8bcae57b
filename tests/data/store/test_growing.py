from itertools import pairwise

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.store import growing
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import cut
from tests.data.store.random_tables import (
    ATTRIBUTES,
    assert_same_view,
    random_initiators,
    random_view,
    seeds,
    touching_disk,
)

ROWS, ITEMS = 4, 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("growing")


@pytest.fixture(autouse=True, scope="module")
def small_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing, "ROWS_CHUNK", ROWS)
        patch.setattr(growing, "ITEMS_CHUNK", ITEMS)
        yield


def blocks_of(view, edges):
    bounds = [0, *sorted(min(edge, len(view)) for edge in edges), len(view)]
    return [cut(view, *pair) for pair in pairwise(bounds)]


@touching_disk
@given(
    sizes=st.lists(st.integers(0, 4), max_size=30),
    edges=st.lists(st.integers(0, 30), max_size=8),
    seed=seeds,
)
def test_a_view_is_the_same_however_its_rows_come(folder, sizes, edges, seed):
    rng = np.random.default_rng(seed)
    initiators, view = random_initiators(rng, sizes), random_view(rng, sizes)
    path = folder / "shard.h5"
    write_shard(path, initiators, {"nominal": iter(blocks_of(view, edges))}, ATTRIBUTES)
    assert_same_view(open_dataset(path).read_view("nominal"), view)
    with h5py.File(path) as file:
        jets, items = (file[f"views/nominal/{name}/pt"] for name in ("jets", "constituents"))
        for dataset, chunk in ((jets, ROWS), (items, ITEMS)):
            if len(dataset) >= chunk:
                assert dataset.chunks == (chunk,)
            assert dataset.attrs["unit"] == "GeV"


def test_too_few_rows_in_all_blocks_are_refused(tmp_path):
    rng = np.random.default_rng(1)
    initiators, view = random_initiators(rng, [1, 2, 3]), random_view(rng, [1, 2])
    with pytest.raises(ValueError, match="view 'nominal' has 2 rows, but there are 3 initiators"):
        write_shard(tmp_path / "shard.h5", initiators, {"nominal": [view]}, ATTRIBUTES)
    assert list(tmp_path.iterdir()) == []
