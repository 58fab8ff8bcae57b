"""Records opened by their name: fetched once, kept, and never preferred to a path."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import rs3l_data
from rs3l_data.errors import ConfigError, InputFileError, TransferError
from rs3l_data.record.cache import cache_folder
from rs3l_data.record.layout import Layout
from rs3l_data.record.publish import publish
from rs3l_data.store.digest import digest
from tests.data.record.conftest import ABOUT, contents


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch, archive):
    monkeypatch.setenv("RS3L_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RS3L_ARCHIVE", archive.url)
    return tmp_path / "cache"


@pytest.fixture
def published(archive, folder, tmp_path):
    publish(folder, tmp_path / "record", ABOUT, Layout())
    archive.add("17", tmp_path / "record")
    return tmp_path / "record"


@pytest.mark.parametrize("name", ["10.5281/zenodo.17", "doi:10.5281/zenodo.17", "URL/records/17"])
def test_a_record_is_fetched_once(archive, published, folder, cache, name):
    name = name.replace("URL", archive.url)
    ds = rs3l_data.open(name)
    assert digest(ds) == digest(rs3l_data.open(folder))
    assert all(cache in shard.path.parents for shard in ds.shards)
    archive.requests.clear()
    assert len(rs3l_data.open(name, verify=True)) == len(ds)
    assert archive.requests == [], "neither is the server asked nor a file sent again"


def test_what_was_lost_from_the_cache_comes_again(archive, published):
    path = rs3l_data.open("10.5281/zenodo.17").shards[0].path
    path.write_bytes(path.read_bytes()[:-1])
    archive.requests.clear()
    assert len(rs3l_data.open("10.5281/zenodo.17")) == 90
    assert contents(archive) == [path.name]


def test_several_at_once_fetch_each_file_once(archive, published):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(rs3l_data.open, [f"{archive.url}/records/17"] * 4))
    assert {len(ds) for ds in found} == {90}
    assert sorted(contents(archive)) == sorted(path.name for path in published.iterdir())


def test_a_path_always_wins(archive, published, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "10.5281").mkdir()
    (tmp_path / "10.5281" / "zenodo.17").symlink_to(folder)
    assert rs3l_data.open("10.5281/zenodo.17").source == "10.5281/zenodo.17"
    assert archive.requests == []


def test_what_is_no_record(archive, tmp_path, cache):
    with pytest.raises(ConfigError, match="expected a record's number, its DOI"):
        rs3l_data.open("https://example.org/data")
    with pytest.raises(ConfigError, match="the DOI of another archive"):
        rs3l_data.open("10.1000/182")
    with pytest.raises(TransferError, match="nothing of this name"):
        rs3l_data.open("10.5281/zenodo.18")
    with pytest.raises(InputFileError, match="no such file; a dataset is a folder"):
        rs3l_data.open("nowhere")
    source = tmp_path / "other"
    source.mkdir()
    (source / "rs3l_0.h5").write_bytes(b"0" * 1000)
    archive.add("19", source)
    with pytest.raises(InputFileError, match=r"has no dataset\.json, so it is no dataset of ours"):
        rs3l_data.open("10.5281/zenodo.19")
    assert contents(archive) == [], "its files may be large"
    assert not list(cache.rglob("*.h5"))


def test_where_the_cache_is(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("RS3L_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "rs3l"
