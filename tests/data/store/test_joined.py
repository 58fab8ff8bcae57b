"""Files with other views of the same rows are one shard, and files of other rows are not."""

import h5py
import numpy as np
import pytest

from rs3l_data.errors import InputFileError
from rs3l_data.store.joined import one_of_views
from rs3l_data.store.shard import open_shard
from rs3l_data.store.views import copy_views
from tests.data.store.random_tables import assert_same_view
from tests.synthetic import make_dataset, make_older

FILES = (["nominal"], ["seed", "fsr_up"], ["a14"])
VIEWS = [view for views in FILES for view in views]


def parts(folder, seed=0):
    """Write 20 events as one shard with all views, and cut it into files with one or two."""
    made = make_dataset(folder, 20, VIEWS, ("qcd",), seed, n_shards=1)
    whole = made / "shard-0000.h5"
    files = [folder / f"{views[0]}.h5" for views in FILES]
    for path, views in zip(files, FILES, strict=True):
        copy_views([(whole, views)], path)
    return open_shard(whole), files


def test_it_is_the_shard_that_was_cut(tmp_path):
    whole, files = parts(tmp_path / "ds")
    found = one_of_views([*map(open_shard, files)], "shard-0000.h5")
    assert (found.name, found.views, found.n_rows) == (whole.name, whole.views, whole.n_rows)
    assert found.sums == whole.sums
    assert [*found.sums] == VIEWS
    assert [*found.paths] == files
    assert found.n_bytes == sum(path.stat().st_size for path in files)
    rows = np.arange(3, 9)
    for view in VIEWS:
        assert_same_view(found.read_view(view, rows), whole.read_view(view, rows))


@pytest.mark.parametrize("column", ["event", "initiator"])
def test_every_file_has_the_rows_of_the_first(tmp_path, column):
    _, files = parts(tmp_path / "ds")
    with h5py.File(files[-1], "r+") as file:
        file[f"initiators/{column}"][5] = 77
    with pytest.raises(InputFileError, match=f"{files[-1]}: initiators/{column} differs from"):
        one_of_views([*map(open_shard, files)], "joined.h5")


def test_files_of_another_dataset_are_refused(tmp_path):
    """With the same processes and numbers of events, but of other hard events."""
    _, files = parts(tmp_path / "ds")
    _, others = parts(tmp_path / "other", seed=1)
    with pytest.raises(InputFileError, match=r"initiators/pt differs .*not views of the same"):
        one_of_views([*map(open_shard, [*files[:2], others[2]])], "joined.h5")


def test_momenta_that_nobody_knows_are_the_same(tmp_path):
    """As converted datasets may have them."""
    _, files = parts(tmp_path / "ds")
    for path in files:
        with h5py.File(path, "r+") as file:
            file["initiators/pt"][0] = np.nan
    assert one_of_views([*map(open_shard, files)], "joined.h5").views == tuple(VIEWS)


@pytest.mark.parametrize("older", [0, 2])
def test_files_of_other_columns_are_refused(tmp_path, older):
    """The columns of the first would be read of all: too few of the others, or some not there."""
    _, files = parts(tmp_path / "ds")
    make_older(files[older], "1.0")
    with pytest.raises(
        InputFileError, match=r"a14.h5: format version .* has 1\.\d, with other col"
    ):
        one_of_views([*map(open_shard, files[::2])], "joined.h5")
    with pytest.raises(InputFileError, match="with other columns"):
        copy_views([(files[0], FILES[0]), (files[2], FILES[2])], tmp_path / "both.h5")
