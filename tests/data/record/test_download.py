"""What of a record is fetched, what is made of it, and what is left alone."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import ConfigError, InputFileError, StorageError, TransferError
from rs3l_data.record.client import Client
from rs3l_data.store.digest import digest
from rs3l_data.store.manifest import read_manifest
from tests.data.record.conftest import check, contents, names
from tests.data.store.random_tables import assert_same_view
from tests.synthetic import refresh


def test_the_whole_record_byte_by_byte(archive, record, fetch, tmp_path):
    archive.add("1", record)
    done = fetch()
    here = tmp_path / "here"
    assert names(here) - {".record.json"} == names(record)
    assert all((here / n).read_bytes() == (record / n).read_bytes() for n in names(record))
    assert done.files == done.fetched == len(names(record))
    assert sorted(contents(archive)) == sorted(names(record)), "each file is fetched once"
    check(here)


def test_a_second_call_asks_no_server(archive, record, fetch):
    archive.add("1", record)
    fetch()
    archive.requests.clear()
    done = fetch()
    assert archive.requests == []
    assert (done.fetched, done.bytes, done.title) == (0, 0, "Jets")
    archive.server_close()
    assert fetch().files == len(names(record))


def test_what_is_damaged_or_lost_here_is_fetched_again(archive, record, fetch, tmp_path, caplog):
    archive.add("1", record)
    fetch()
    here = tmp_path / "here"
    content = bytearray((here / "qcd-0000.h5").read_bytes())
    content[3000] ^= 4
    (here / "qcd-0000.h5").write_bytes(content)
    (here / "README.md").unlink()
    archive.requests.clear()
    assert fetch().fetched == 2
    assert caplog.text.count("README.md: no such file; fetching it again") == 1
    assert sorted(contents(archive)) == ["README.md", "qcd-0000.h5"]
    check(here)


def test_a_damaged_manifest_of_a_part_is_made_again(archive, record, fetch, tmp_path):
    archive.add("1", record)
    fetch(processes=("qcd",))
    (tmp_path / "here" / "dataset.json").write_text("{}")
    fetch(processes=("qcd",))
    check(tmp_path / "here")


def test_another_part_of_the_record_may_follow_the_first(archive, record, fetch, tmp_path):
    """Though the manifest that lies here knows of the first alone."""
    archive.add("1", record)
    for process in ("qcd", "higgs"):
        fetch(processes=(process,))
        assert process in read_manifest(tmp_path / "here" / "dataset.json")["processes"]


def test_files_that_lie_here_already_are_not_fetched(archive, record, fetch, tmp_path):
    archive.add("1", record)
    (tmp_path / "here").mkdir()
    shutil.copy(record / "qcd-0001.h5", tmp_path / "here")
    fetch()
    assert "qcd-0001.h5" not in contents(archive)


def test_one_process(archive, record, fetch, tmp_path):
    archive.add("1", record)
    fetch(processes=("higgs",))
    ds, manifest = check(tmp_path / "here")
    assert [*manifest["processes"]] == ["higgs"]
    assert manifest["processes"]["higgs"]["sum_of_weights"] == 30
    assert manifest["part_of"]["digest"] == read_manifest(record / "dataset.json")["digest"]
    assert len(ds) == 30
    assert set(contents(archive)) >= {"higgs-0000.h5", "higgs-0001.h5"}
    assert not {"qcd-0000.h5", "qcd-0001.h5"} & set(contents(archive))
    assert "sha256sums.txt" not in names(tmp_path / "here"), "it would not be true"
    archive.requests.clear()
    assert fetch(processes=("higgs",)).fetched == 0
    assert archive.requests == []


def test_the_first_shards_of_each_process(archive, record, fetch, tmp_path):
    archive.add("1", record)
    fetch(shards=1)
    ds, manifest = check(tmp_path / "here")
    assert {n for n in names(tmp_path / "here") if n.endswith(".h5")} == {
        "higgs-0000.h5",
        "qcd-0000.h5",
    }
    whole = read_manifest(record / "dataset.json")["processes"]["qcd"]
    part = manifest["processes"]["qcd"]
    assert part["sum_of_weights"] == part["n_events"] == ds.select(processes="qcd").n_events
    assert 0 < part["n_events"] < whole["n_events"]
    assert part["cross_section_pb"] == whole["cross_section_pb"]
    # More of the same record: what is here stays.
    archive.requests.clear()
    fetch()
    assert "qcd-0000.h5" not in contents(archive)
    assert len(check(tmp_path / "here")[0]) == 90


@pytest.mark.parametrize("kind", ["record", "by_view"])
def test_some_views(archive, folder, fetch, tmp_path, request, kind):
    archive.add("1", request.getfixturevalue(kind))
    fetch(views=("seed",))
    ds, _ = check(tmp_path / "here")
    assert ds.views == ("seed",)
    whole = rs3l_data.open(folder)
    for process in whole.processes:
        one, other = (d.select(processes=process) for d in (ds, whole))
        assert_same_view(one.read_view("seed"), other.read_view("seed"))
        for name, column in one.initiators.items():
            if name not in ("process", "label"):
                np.testing.assert_array_equal(column, other.initiators[name])
    archive.requests.clear()
    assert fetch(views=("seed",)).fetched == 0
    assert archive.requests == []


def test_files_by_view_save_the_way_and_are_joined(archive, by_view, folder, fetch, tmp_path):
    archive.add("1", by_view)
    assert rs3l_data.open(sorted(by_view.glob("*.seed.h5"))).views == ("seed",)
    assert {n for n in names(by_view) if n.endswith(".h5")} == {
        f"{process}-0000.{view}.h5" for process in ("higgs", "qcd") for view in ("nominal", "seed")
    }
    fetch(views=("nominal",))
    assert not [name for name in contents(archive) if "seed" in name]
    fetch()
    ds, manifest = check(tmp_path / "here")
    assert digest(ds) == read_manifest(folder / "dataset.json")["digest"]
    assert "part_of" not in manifest
    assert {n for n in names(tmp_path / "here") if n.endswith(".h5")} == {
        "higgs-0000.h5",
        "qcd-0000.h5",
    }


def test_views_of_other_rows_are_not_joined(archive, by_view, fetch, tmp_path):
    bad = shutil.copytree(by_view, tmp_path / "bad")
    with h5py.File(bad / "qcd-0000.seed.h5", "r+") as file:
        file["initiators/event"][0] = 77
    refresh(bad)
    archive.add("1", bad)
    with pytest.raises(InputFileError, match=r"initiators/event differs .*same initiators"):
        fetch()
    assert not (tmp_path / "here" / "qcd-0000.h5").exists()
    assert not (tmp_path / "here" / "dataset.json").exists()


def test_a_shard_that_is_joined_takes_room_twice(archive, by_view, fetch, tmp_path, monkeypatch):
    archive.add("1", by_view)
    size = sum(path.stat().st_size for path in by_view.iterdir() if path.is_file())
    largest = max(
        sum(path.stat().st_size for path in by_view.glob(f"{process}-0000.*.h5"))
        for process in ("higgs", "qcd")
    )
    for free, enough in ((size, False), (size + largest, True)):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr("rs3l_data.record.download.shutil.disk_usage", lambda _, u=usage: u)
        with nullcontext() if enough else pytest.raises(StorageError, match="are to come"):
            fetch()
    check(tmp_path / "here")


def test_one_client_serves_several_downloads(archive, record, fetch, tmp_path):
    archive.add("1", record)
    client = Client(attempts=1)
    for to in ("a", "b"):
        assert fetch(to=tmp_path / to, client=client, files=("README.md",)).fetched == 1


def test_a_manifest_of_no_size_for_one_is_not_fetched(archive, record, fetch):
    archive.add("1", record)
    archive.listed["dataset.json"] = {"size": 256_000_001}
    with pytest.raises(TransferError, match="256000001 bytes are no manifest"):
        fetch()
    assert contents(archive) == []


def test_files_by_name(archive, record, fetch, tmp_path):
    archive.add("1", record)
    fetch(files=("README.md", "qcd-*"))
    assert names(tmp_path / "here") == {
        "README.md",
        "qcd-0000.h5",
        "qcd-0001.h5",
        "qcd-0002.h5",
        "dataset.json",
        ".record.json",
    }
    assert [*check(tmp_path / "here")[1]["processes"]] == ["qcd"]
    fetch(to=tmp_path / "other", files=("README.md",))
    assert names(tmp_path / "other") == {"README.md", ".record.json"}


def test_records_of_others_come_as_files(archive, fetch, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("rs3l_0.h5", "rs3l_1.h5", "dataset.json"):
        (source / name).write_text(f'{{"name": "{name}"}}')
    archive.add("1", source)
    assert fetch(files=("rs3l_*.h5",)).files == 2
    with pytest.raises(ConfigError, match=r"no dataset\.json, so .*choose files: dataset.json, rs"):
        fetch(views=("nominal",))


def test_a_number_of_all_versions_leads_to_the_newest(archive, record, fetch, tmp_path):
    archive.add("12", record)
    archive.newest["10"] = "12"
    fetch(number="10")
    assert json.loads((tmp_path / "here" / ".record.json").read_text())["number"] == "12"
    archive.requests.clear()
    assert fetch(number="10").fetched == fetch(number="12").fetched == 0
    assert archive.requests == []


def test_checksums_of_the_whole_do_not_stay_beside_a_part(archive, record, fetch, tmp_path):
    archive.add("1", record)
    fetch()
    assert "sha256sums.txt" in names(tmp_path / "here")
    fetch(processes=("qcd",))
    assert not {"sha256sums.txt", "md5sums.txt"} & set(names(tmp_path / "here"))


def test_two_downloads_into_one_folder_come_one_after_the_other(archive, record, fetch, tmp_path):
    archive.add("1", record)
    with ThreadPoolExecutor(2) as pool:
        found = [job.result() for job in [pool.submit(fetch), pool.submit(fetch)]]
    assert sorted(each.fetched for each in found) == [0, found[0].files]
    check(tmp_path / "here")
