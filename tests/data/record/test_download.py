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
from rs3l_data.record.layout import Layout
from rs3l_data.record.publish import publish
from rs3l_data.store.digest import digest
from rs3l_data.store.manifest import damaged_files, read_manifest
from tests.archive_server import Fault
from tests.data.record.conftest import ABOUT
from tests.data.record.test_address import HOSTILE
from tests.data.store.random_tables import assert_same_view
from tests.synthetic import refresh


@pytest.fixture(scope="session")
def record(folder, tmp_path_factory):
    """A record with two shards of higgs and three of qcd."""
    made = tmp_path_factory.mktemp("published") / "record"
    publish(folder, made, ABOUT, Layout(shard_bytes=70_000))
    assert len(list(made.glob("*.h5"))) == 5
    return made


@pytest.fixture(scope="session")
def by_view(folder, tmp_path_factory):
    made = tmp_path_factory.mktemp("by_view") / "record"
    publish(folder, made, ABOUT, Layout(by_view=True))
    return made


def names(folder):
    return {path.name for path in folder.iterdir()}


def contents(archive):
    """Names of the files whose content was asked for."""
    return [path.rsplit("/", 1)[-1] for _, path, _ in archive.requests if "/blob/" in path]


def check(folder):
    """The folder is a dataset, and its manifest is true."""
    manifest = read_manifest(folder / "dataset.json")
    assert damaged_files(folder, manifest) == []
    ds = rs3l_data.open(folder)
    assert manifest["digest"] == digest(ds)
    assert manifest["n_rows"] == len(ds)
    assert manifest["views"] == list(ds.views)
    assert sum(made["n_events"] for made in manifest["processes"].values()) == ds.n_events
    assert manifest["splits"]["test"]["n_rows"] == len(ds.select(splits="test"))
    return ds, manifest


def test_the_whole_record_byte_by_byte(archive, record, fetch, tmp_path):
    archive.add("1", record)
    done = fetch()
    here = tmp_path / "here"
    assert names(here) - {".record.json"} == names(record)
    assert all((here / n).read_bytes() == (record / n).read_bytes() for n in names(record))
    assert done.files == done.fetched == len(names(record))
    assert sorted(contents(archive)) == sorted(names(record)), "each file is fetched once"
    check(here)


def test_a_second_call_asks_no_server(archive, record, fetch, tmp_path):
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
    with pytest.raises(InputFileError, match="`rs3l-data download` joins them"):
        rs3l_data.open(by_view)
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


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"processes": ("higs",)}, "no process 'higs' .*did you mean 'higgs'"),
        ({"views": ("sed",)}, "no view 'sed' .*did you mean 'seed'"),
        ({"files": ("x*",)}, r"no file of the record is called 'x\*'; it has .*README"),
    ],
)
def test_what_a_record_does_not_have(archive, record, fetch, selection, words):
    archive.add("1", record)
    with pytest.raises(ConfigError, match=words):
        fetch(**selection)


def test_records_of_others_come_as_files(archive, fetch, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("rs3l_0.h5", "rs3l_1.h5", "dataset.json"):
        (source / name).write_text(f'{{"name": "{name}"}}')
    archive.add("1", source)
    assert fetch(files=("rs3l_*.h5",)).files == 2
    with pytest.raises(ConfigError, match=r"no dataset\.json, so .*choose files: dataset.json, rs"):
        fetch(views=("nominal",))


@pytest.mark.parametrize("content", ["no JSON", "[1]", "3", '{"format": "another"}'])
def test_a_record_of_others_may_have_a_file_of_the_manifests_name(
    archive, fetch, tmp_path, content
):
    source = tmp_path / "source"
    source.mkdir()
    (source / "dataset.json").write_text(content)
    archive.add("1", source)
    assert fetch().files == 1
    assert (tmp_path / "here" / "dataset.json").read_text() == content
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "dataset.json").write_text("mine")
    with pytest.raises(ConfigError, match=r"dataset\.json: is there already"):
        fetch(to=tmp_path / "there")


def test_a_number_of_all_versions_leads_to_the_newest(archive, record, fetch, tmp_path):
    archive.add("12", record)
    archive.newest["10"] = "12"
    fetch(number="10")
    assert json.loads((tmp_path / "here" / ".record.json").read_text())["number"] == "12"
    archive.requests.clear()
    assert fetch(number="10").fetched == fetch(number="12").fetched == 0
    assert archive.requests == []


def test_another_record_wants_another_folder(archive, record, fetch):
    archive.add("1", record)
    archive.add("2", record)
    fetch()
    with pytest.raises(ConfigError, match=r"holds files of .*/records/1; choose another folder"):
        fetch(number="2")


def test_a_damaged_note_is_told(archive, record, fetch, tmp_path):
    archive.add("1", record)
    fetch()
    (tmp_path / "here" / ".record.json").write_text('{"base": ')
    with pytest.raises(InputFileError, match=r"\.record\.json: .*remove it"):
        fetch()


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "\ud800"])
def test_no_name_leads_out_of_the_folder(archive, fetch, tmp_path, name):
    source = tmp_path / "deep" / "source"
    source.mkdir(parents=True)
    (source / "good.bin").write_bytes(b"good")
    archive.add("1", source)
    archive.listed["good.bin"] = {"key": name}
    before = sorted(p for p in tmp_path.rglob("*") if "here" not in p.parts)
    with pytest.raises(TransferError, match="nothing is written under it"):
        fetch()
    assert sorted(p for p in tmp_path.rglob("*") if "here" not in p.parts) == before
    assert [p for p in (tmp_path / "here").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("path", ["../evil.h5", "/tmp/evil.h5", "a/b.h5"])
def test_a_manifest_cannot_lead_out_either(archive, by_view, fetch, tmp_path, path):
    bad = shutil.copytree(by_view, tmp_path / "bad")
    manifest = json.loads((bad / "dataset.json").read_text())
    manifest["files"][0]["shard"] = path
    (bad / "dataset.json").write_text(json.dumps(manifest))
    archive.add("1", bad)
    with pytest.raises(TransferError, match=r"not a path|a relative path that stays within"):
        fetch()


def test_a_link_in_the_way_is_replaced_not_followed(archive, record, fetch, tmp_path):
    archive.add("1", record)
    fetch()
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    (tmp_path / "here" / "README.md").unlink()
    (tmp_path / "here" / "README.md").symlink_to(precious)
    fetch()
    assert precious.read_text() == "keep me"
    assert not (tmp_path / "here" / "README.md").is_symlink()


@pytest.mark.parametrize("name", ["README.md", "dataset.json", "qcd-0000.h5"])
@pytest.mark.parametrize("chosen", [{}, {"processes": ("qcd",)}])
def test_files_that_no_download_left_are_not_replaced(
    archive, record, fetch, tmp_path, name, chosen
):
    archive.add("1", record)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / name).write_text("mine")
    with pytest.raises(ConfigError, match=rf"{name}: is there already, and not as the record has"):
        fetch(**chosen)
    assert (tmp_path / "here" / name).read_text() == "mine"
    (tmp_path / "here" / name).unlink()
    fetch(**chosen)


@pytest.mark.parametrize("content", ["{}", "[]", '{"part_of": 3}', '{"digest": "other"}'])
def test_a_manifest_of_other_data_is_not_replaced(archive, record, fetch, tmp_path, content):
    archive.add("1", record)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "dataset.json").write_text(content)
    with pytest.raises(
        ConfigError, match=r"dataset\.json: is there already, and not as the record"
    ):
        fetch()
    assert (tmp_path / "here" / "dataset.json").read_text() == content


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


def test_a_manifest_that_contradicts_the_archive(archive, record, fetch, tmp_path):
    bad = shutil.copytree(record, tmp_path / "bad")
    manifest = json.loads((bad / "dataset.json").read_text())
    manifest["files"][0]["bytes"] += 1
    (bad / "dataset.json").write_text(json.dumps(manifest))
    archive.add("1", bad)
    with pytest.raises(TransferError, match="the record contradicts itself"):
        fetch()
    (bad / manifest["files"][1]["path"]).unlink()
    archive.add("1", bad)
    with pytest.raises(TransferError, match=r"contradicts|lacks"):
        fetch()


@pytest.mark.parametrize("files", [None, 3, [{"path": 1}], [{"path": "x"}], {}])
def test_a_manifest_that_is_none(archive, record, fetch, tmp_path, files):
    bad = shutil.copytree(record, tmp_path / "bad")
    manifest = json.loads((bad / "dataset.json").read_text()) | {"files": files}
    (bad / "dataset.json").write_text(json.dumps(manifest))
    archive.add("1", bad)
    with pytest.raises(TransferError, match=r"dataset\.json of the record: files"):
        fetch()


def test_many_faults_at_once(archive, record, fetch, tmp_path):
    archive.add("1", record)
    rng = np.random.default_rng(3)
    kinds = (
        lambda: Fault(status=503),
        lambda: Fault(status=429, headers={"Retry-After": "0"}),
        lambda: Fault(cut_after=int(rng.integers(0, 40_000))),
        lambda: Fault(corrupt=True),
    )
    for name in ("1", *names(record)):
        archive.faults[name] = [kinds[rng.integers(4)]() for _ in range(3)]
    fetch()
    check(tmp_path / "here")
