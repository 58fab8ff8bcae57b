"""What a download refuses: what is not its own, names that lead elsewhere, contradictions."""

import json
import shutil

import numpy as np
import pytest

from rs3l_data.errors import ConfigError, InputFileError, TransferError
from tests.archive_server import Fault
from tests.data.record.conftest import check, names
from tests.data.record.test_address import HOSTILE


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
