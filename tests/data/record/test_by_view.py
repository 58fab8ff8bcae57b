"""A record with one file for each view is a dataset like any other, joined or not."""

import pickle
import shutil

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import DamagedFileError, InputFileError
from rs3l_data.record.layout import Layout
from rs3l_data.record.publish import publish
from rs3l_data.reshape.select import Choice, select
from rs3l_data.store.digest import digest
from rs3l_data.store.manifest import read_manifest
from rs3l_data.store.overview import overview
from tests.data.record.about import ABOUT
from tests.data.store.random_tables import assert_same_columns, assert_same_view
from tests.synthetic import refresh

KEPT = "higgs-0000.h5"


@pytest.fixture
def copied(by_view, tmp_path):
    return shutil.copytree(by_view, tmp_path / "copied")


def test_it_reads_as_the_dataset_does(by_view, folder):
    found, whole = (pickle.loads(pickle.dumps(rs3l_data.open(path))) for path in (by_view, folder))
    assert len(found.shards) == 2
    assert sorted(found.views) == sorted(whole.views)
    assert digest(found) == read_manifest(folder / "dataset.json")["digest"]
    for process in whole.processes:
        one, other = (ds.select(processes=process) for ds in (found, whole))
        for view in whole.views:
            assert_same_view(one.read_view(view), other.read_view(view))
            assert_same_columns(one.jets(view), other.jets(view))
            assert_same_columns(one.constituents(view)[1], other.constituents(view)[1])


def test_its_size_is_that_of_all_files(by_view, folder):
    found, whole = (overview(rs3l_data.open(path))["files"] for path in (by_view, folder))
    assert found["shards"] == 2
    assert found["bytes"] == sum(path.stat().st_size for path in by_view.glob("*.h5"))
    assert found["ratio"] * found["bytes"] > whole["ratio"] * whole["bytes"], "initiators twice"


def test_others_are_made_from_it(by_view, folder, tmp_path):
    made = [tmp_path / "one", tmp_path / "other"]
    for source, to in zip((by_view, folder), made, strict=True):
        select(source, Choice(processes=["qcd"], views=["seed"]), to)
    assert [path.name for path in made[0].glob("*.h5")] == ["qcd-0000.h5"]
    one, other = (read_manifest(path / "dataset.json")["digest"] for path in made)
    assert one == other
    publish(by_view, tmp_path / "record", ABOUT, Layout(shard_bytes=70_000))
    again = read_manifest(tmp_path / "record" / "dataset.json")
    assert again["digest"] == read_manifest(folder / "dataset.json")["digest"]
    assert not any("shard" in entry for entry in again["files"])


def test_a_file_that_is_missing_takes_its_shard_along(copied, caplog):
    (copied / "qcd-0000.seed.h5").unlink()
    with pytest.raises(DamagedFileError, match=r"qcd-0000.seed.h5: no such file"):
        rs3l_data.open(copied)
    left = rs3l_data.open(copied, corrupt="skip")
    assert [shard.name for shard in left.shards] == [KEPT]
    assert "qcd-0000.seed.h5: no such file" in caplog.text


def test_a_file_that_is_not_the_manifest_s_takes_its_shard_along(copied, caplog):
    """Though HDF5 opens it: a longer one, and one with another byte where all are compared."""
    path = copied / "qcd-0000.seed.h5"
    content = path.read_bytes()
    path.write_bytes(content + b"\0")
    assert [shard.name for shard in rs3l_data.open(copied, corrupt="skip").shards] == [KEPT]
    assert f"expected {len(content)}; this shard is left out" in caplog.text
    path.write_bytes(content[:400] + b"?" + content[401:])
    assert len(rs3l_data.open(copied, corrupt="skip").shards) == 2, "sizes alone are compared"
    left = rs3l_data.open(copied, verify=True, corrupt="skip")
    assert [shard.name for shard in left.shards] == [KEPT]
    with pytest.raises(DamagedFileError, match=r"qcd-0000.seed.h5: SHA256"):
        rs3l_data.open(copied, verify=True)


def test_views_of_other_rows_are_refused_or_left_out(copied, caplog):
    with h5py.File(copied / "qcd-0000.seed.h5", "r+") as file:
        file["initiators/event"][0] = 77
    refresh(copied)
    with pytest.raises(InputFileError, match=r"initiators/event differs .*same initiators"):
        rs3l_data.open(copied)
    left = rs3l_data.open(copied, corrupt="skip")
    assert np.all(left.initiators["process"] == left.processes.index("higgs"))
    assert "not views of the same initiators; this shard is left out" in caplog.text


def test_a_view_that_two_files_hold_is_refused(copied):
    shutil.copy(copied / "qcd-0000.nominal.h5", copied / "qcd-0000.seed.h5")
    refresh(copied)
    with pytest.raises(InputFileError, match="hold the views nominal, nominal, expected each once"):
        rs3l_data.open(copied)
