"""Views of several shards put into one: of the same initiators, or not at all."""

import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from rs3l_data.store.views import copy_views
from tests.data.store.random_tables import assert_same_columns, assert_same_view
from tests.synthetic import make_dataset


def shard(folder, process, mean_constituents):
    """20 events of one process, with the views nominal and seed."""
    made = make_dataset(
        folder, 20, processes=(process,), n_shards=1, mean_constituents=mean_constituents
    )
    return made / "shard-0000.h5"


def test_views_of_two_shards_are_what_they_were(tmp_path):
    one, other = shard(tmp_path / "one", "qcd", 25), shard(tmp_path / "other", "qcd", 10)
    copy_views([(one, ["seed"]), (other, ["nominal"])], tmp_path / "both.h5")
    both = rs3l_data.open(tmp_path / "both.h5")
    assert both.views == ("seed", "nominal")
    assert_same_columns(both.initiators, rs3l_data.open(one).initiators)
    for path, view in ((one, "seed"), (other, "nominal")):
        assert_same_view(both.read_view(view), rs3l_data.open(path).read_view(view))


@pytest.mark.parametrize("process", ["zjet", "higgs"])
def test_other_initiators_are_refused(tmp_path, process):
    """Also as many of another process that has the same number in its own shard."""
    one, other = shard(tmp_path / "one", "qcd", 25), shard(tmp_path / "other", process, 25)
    with pytest.raises(InputFileError, match=f"{other}: initiators/process differs from that of"):
        copy_views([(one, ["seed"]), (other, ["nominal"])], tmp_path / "both.h5")
    assert not (tmp_path / "both.h5").exists()
