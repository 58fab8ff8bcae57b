"""What any command writes, `validate` accepts; and what is wrong in it, it finds."""

import json
import shutil

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.convert.jetclass_in import read_jetclass
from rs3l_data.convert.jetclass_out import write_jetclass
from rs3l_data.convert.published_in import read_published
from rs3l_data.convert.sources import find_sources
from rs3l_data.describe.publication import Publication
from rs3l_data.errors import InputFileError, StorageError
from rs3l_data.integrity.validate import validate
from rs3l_data.record import repack
from rs3l_data.record.address import Address
from rs3l_data.record.client import Client
from rs3l_data.record.download import download
from rs3l_data.record.layout import Layout
from rs3l_data.record.publish import publish
from rs3l_data.record.selection import Selection
from rs3l_data.reshape.merge import merge
from rs3l_data.reshape.select import Choice, select
from rs3l_data.reshape.split import split
from rs3l_data.store.digest import digest
from rs3l_data.store.manifest import read_manifest
from rs3l_data.store.shard import open_shard
from tests.data.convert.published_file import published_file
from tests.data.integrity.conftest import change
from tests.synthetic import make_dataset, refresh

ABOUT = Publication.model_validate({"title": "Jets", "creators": [{"name": "Curie, Marie"}]})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A dataset of 2 shards, 60 events, 90 rows, two views, two processes in each shard."""
    return make_dataset(tmp_path_factory.mktemp("whole") / "ds", n_events=30, n_shards=2)


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The same for the two layouts that are read: their datasets."""
    folder = tmp_path_factory.mktemp("converted")
    published_file(folder / "rs3l_0.h5", n_views=2)
    read_published(find_sources([str(folder / "rs3l_0.h5")]), folder / "rs3l", rows=30)
    ours = make_dataset(folder / "ours", 20, ("nominal",), ("Hbb", "g"))
    write_jetclass(rs3l_data.open(ours), folder / "root", "nominal")
    read_jetclass(find_sources([f"{folder}/root/*.root"]), folder / "jetclass", rows=25)
    return folder


def fetched(archive, record, to, **selection):
    """Download a folder as a record."""
    number = str(len(archive.records) + 1)
    archive.add(number, record)
    client = Client(attempts=2, timeout=5, backoff=0.01)
    chosen = Selection.model_validate(selection)
    download(Address(archive.url, number), to, chosen, client, 2, "lines")
    return to


def accepted(folder):
    findings = validate(folder)
    assert findings.valid, [str(violation) for violation in findings.violations]
    for path in folder.glob("*.h5"):
        # Every command that writes shards leaves sums in them, which `validate` has compared.
        shard = open_shard(path)
        assert shard.sums.keys() == {*shard.views}
    return findings


def kinds(folder):
    return {(v.kind, v.dataset) for v in validate(folder).violations}


@pytest.mark.parametrize("layout", ["rs3l", "jetclass"])
def test_converted_datasets(converted, layout, tmp_path, archive):
    findings = accepted(converted / layout)
    assert "sums of constituents: the shards say that not all are there" in findings.unchecked
    record = tmp_path / "record"
    manifest = publish(converted / layout, record, ABOUT, Layout(shard_bytes=40_000))
    assert len(manifest["files"]) > len(manifest["processes"])
    accepted(record)
    here = fetched(archive, record, tmp_path / "here", shards=1)
    assert "part_of" in read_manifest(here / "dataset.json")
    accepted(here)
    text = (record / "README.md").read_text()
    assert "| unknown | unknown |" in text, "nobody knows the cross sections"
    select(here, Choice(where="pt > 100"), tmp_path / "cut")
    accepted(tmp_path / "cut")


def test_the_source_is_cited_by_its_doi(converted, tmp_path):
    publish(converted / "rs3l", tmp_path / "record", ABOUT, Layout())
    doi = "10.5281/zenodo.10633815"
    assert f"https://doi.org/{doi}" in (tmp_path / "record" / "README.md").read_text()
    found = json.loads((tmp_path / "record" / "datacite.json").read_text())
    kinds = {
        r["relatedIdentifier"]: r["relatedIdentifierType"] for r in found["relatedIdentifiers"]
    }
    assert kinds[doi] == "DOI"


@pytest.mark.parametrize(
    ("layout", "table", "value", "kind"),
    [
        ("rs3l", "/views/nominal/jets/tau1", 0.3, "unknown"),
        ("rs3l", "/views/nominal/constituents/d0_error", 0.1, "unknown"),
        ("rs3l", "/views/seed/jets/n_b_hadrons", 1, "unknown"),
        ("rs3l", "/views/seed/jets/pt", np.nan, "finite"),
        ("rs3l", "/initiators/eta", 1.0, "unknown"),
        ("jetclass", "/views/nominal/jets/tau1", np.nan, "finite"),
        ("jetclass", "/initiators/pt", np.nan, "finite"),
    ],
)
def test_unknown_columns_are_empty_and_only_they(converted, tmp_path, layout, table, value, kind):
    split(converted / layout, "2", tmp_path / "parts")
    folder = tmp_path / "parts" / "part-0"
    path = folder / read_manifest(folder / "dataset.json")["files"][0]["path"]
    change(path, table, lambda values: values.__setitem__(2, value))
    refresh(folder)
    assert (kind, table) in kinds(folder)


def test_what_is_not_converted_has_no_unknown_columns(whole, tmp_path):
    split(whole, "1", tmp_path / "parts")
    folder = tmp_path / "parts" / "part-0"
    with h5py.File(folder / "shard-0000.h5") as file:
        there = int(np.flatnonzero(file["views/seed/jets/present"][:])[0])
    jets = "views/seed/jets"
    change(folder / "shard-0000.h5", f"{jets}/n_b_hadrons", lambda v: v.__setitem__(there, -1))
    change(folder / "shard-0000.h5", f"{jets}/tau1", lambda v: v.__setitem__(there, np.nan))
    refresh(folder)
    assert {
        ("ranges", "/views/seed/jets/n_b_hadrons"),
        ("finite", "/views/seed/jets/tau1"),
    } <= kinds(folder)


@pytest.mark.parametrize(
    "layout",
    [
        Layout(),
        Layout(shard_bytes=70_000),
        Layout(by_view=True, shard_bytes=70_000),
        Layout(processes=("qcd",), views=("seed",)),
    ],
)
def test_records_and_what_is_fetched_of_them(whole, archive, tmp_path, layout):
    record = tmp_path / "record"
    publish(whole, record, ABOUT, layout)
    accepted(record)
    accepted(fetched(archive, record, tmp_path / "all"))
    accepted(fetched(archive, record, tmp_path / "some", shards=1))
    accepted(fetched(archive, record, tmp_path / "few", processes=("qcd",), views=("seed",)))


@pytest.mark.parametrize("layout", [Layout(), Layout(by_view=True, shard_bytes=70_000)])
def test_a_dataset_of_an_older_version(whole, archive, tmp_path, layout):
    """Its manifest has another kind of digest, its shards have no sums."""
    old = shutil.copytree(whole, tmp_path / "old")
    for path in old.glob("*.h5"):
        with h5py.File(path, "a") as file:
            for view in file["views"].values():
                del view.attrs["row_sum"]
    refresh(old)
    manifest = json.loads((old / "dataset.json").read_text())
    del manifest["digest_algorithm"]
    (old / "dataset.json").write_text(json.dumps({**manifest, "digest": "0" * 64}))
    record = tmp_path / "record"
    publish(old, record, ABOUT, layout)
    accepted(record)
    made, expected = (read_manifest(path / "dataset.json") for path in (record, whole))
    assert made["digest"] == expected["digest"]
    assert "part_of" not in made, "all rows are there, though the digest is another"
    here = fetched(archive, record, tmp_path / "here", processes=("qcd",))
    assert read_manifest(here / "dataset.json")["part_of"] == {"digest": made["digest"]}
    merge(split(old, "2", tmp_path / "parts"), tmp_path / "merged")
    accepted(tmp_path / "merged")
    assert read_manifest(tmp_path / "merged" / "dataset.json")["digest"] == expected["digest"]


def test_rows_lost_in_a_record_are_noticed(whole, tmp_path, monkeypatch):
    """Not by what the writer says that it wrote, but by what can be read."""
    write = repack._write

    def forgetful(rows, path):
        write(rows, path)
        change(path, "views/seed/jets/tau1", lambda values: values.__imul__(2))

    monkeypatch.setattr(repack, "_write", forgetful)
    with pytest.raises(StorageError, match="not those of the dataset after they were copied"):
        publish(whole, tmp_path / "record", ABOUT, Layout())
    assert not (tmp_path / "record").exists()


def test_files_of_one_view_each(whole, tmp_path):
    record = tmp_path / "record"
    publish(whole, record, ABOUT, Layout(by_view=True))
    path = record / "dataset.json"
    manifest = json.loads(path.read_text())
    lost = [entry for entry in manifest["files"] if entry["path"] != "qcd-0000.seed.h5"]
    path.write_text(json.dumps({**manifest, "files": lost}))
    assert ("views", "files") in kinds(record)
    path.write_text(json.dumps(manifest))
    change(record / "qcd-0000.seed.h5", "initiators/pt", lambda values: values.__iadd__(1))
    refresh(record)
    assert kinds(record) == {("views", "/initiators/pt")}
    change(record / "qcd-0000.seed.h5", "initiators/pt", lambda values: values.__isub__(1))
    change(record / "qcd-0000.seed.h5", "views/seed/jets/tau1", lambda values: values.__imul__(2))
    refresh(record)
    assert kinds(record) == {("digest", "digest"), ("digest", "/views/seed attribute row_sum")}


def test_a_file_of_one_view_may_name_labels_that_no_row_has(whole, tmp_path):
    record = tmp_path / "record"
    publish(whole, record, ABOUT, Layout(by_view=True))
    with h5py.File(record / "qcd-0000.seed.h5", "a") as file:
        names = json.loads(file.attrs["label_names"])
        file.attrs["label_names"] = json.dumps([*names, "top"])
    refresh(record)
    accepted(record)


def test_more_weights_here_than_were_generated(whole, archive, tmp_path):
    publish(whole, tmp_path / "record", ABOUT, Layout(shard_bytes=70_000))
    here = fetched(archive, tmp_path / "record", tmp_path / "here", shards=1)
    manifest = json.loads((here / "dataset.json").read_text())
    assert manifest["part_of"]["digest"] == read_manifest(whole / "dataset.json")["digest"]
    assert 0 < manifest["processes"]["qcd"]["sum_of_weights"] < 30
    manifest["processes"]["qcd"]["sum_of_weights"] -= 0.5
    (here / "dataset.json").write_text(json.dumps(manifest))
    assert kinds(here) == {("totals", "processes.qcd.sum_of_weights")}
    manifest["processes"]["qcd"]["sum_of_weights"] = "many"
    (here / "dataset.json").write_text(json.dumps(manifest))
    with pytest.raises(InputFileError, match=r"processes\.qcd\.sum_of_weights: .*found 'many'"):
        validate(here)


def test_a_part_counts_events_of_a_file_that_have_no_rows(archive, tmp_path):
    """Of 60 events of an LHE file 30 have an initiator within the cuts: a part has its share."""
    spec = {"processes": {"qcd": {"lhe": ["events.lhe"]}, "higgs": {}}}
    whole = make_dataset(tmp_path / "whole", n_events=30, n_shards=2, config=spec)
    made = json.loads((whole / "dataset.json").read_text())
    assert made["processes"]["qcd"]["sum_of_weights"] == 30
    made["processes"]["qcd"]["sum_of_weights"] = 60
    (whole / "dataset.json").write_text(json.dumps(made))
    record = tmp_path / "record"
    publish(whole, record, ABOUT, Layout(shard_bytes=70_000))
    names = sorted(path.name for path in record.glob("*.h5"))
    parts = [fetched(archive, record, tmp_path / name, files=(name,)) for name in names]
    for part in parts:
        accepted(part)
        ((process, has),) = read_manifest(part / "dataset.json")["processes"].items()
        assert 0 < has["n_events"] <= 30
        expected = has["n_events"] * {"qcd": 2, "higgs": 1}[process]
        assert has["sum_of_weights"] == pytest.approx(expected)
    merge(parts, tmp_path / "again")
    again = read_manifest(tmp_path / "again" / "dataset.json")["processes"]
    assert again["qcd"]["sum_of_weights"] == pytest.approx(60)
    assert again["qcd"]["n_events"] == 30


def test_a_dataset_made_from_others_goes_to_the_archive_and_back(whole, archive, tmp_path):
    """Split, cut, merged, published, fetched as a whole and in part: valid at every step."""
    parts = split(whole, "2", tmp_path / "parts")
    for part in parts:
        select(part, Choice(where="pt > 450", where_initiator="pt > 420"), tmp_path / part.name)
        accepted(tmp_path / part.name)
    merge([tmp_path / part.name for part in parts], tmp_path / "merged")
    record = tmp_path / "record"
    publish(tmp_path / "merged", record, ABOUT, Layout(shard_bytes=80_000))
    accepted(record)
    here = fetched(archive, record, tmp_path / "here")
    accepted(here)
    assert digest(rs3l_data.open(here)) == digest(rs3l_data.open(tmp_path / "merged"))
    manifest = read_manifest(here / "dataset.json")
    assert [step["operation"] for step in manifest["history"]] == ["merge"]
    assert manifest["processes"]["qcd"]["sum_of_weights"] == 30, "cuts change no cross section"
    some = fetched(archive, record, tmp_path / "some", shards=1)
    accepted(some)
    made, part = (
        manifest["processes"]["qcd"],
        read_manifest(some / "dataset.json")["processes"]["qcd"],
    )
    assert part["n_events"] < made["n_events"]
    assert part["sum_of_weights"] == pytest.approx(30 * part["n_events"] / made["n_events"])


def test_downloaded_parts_count_once_however_they_were_changed(whole, archive, tmp_path):
    """Split, cut and merged in any order, the sum of weights is that of what was downloaded."""
    publish(whole, tmp_path / "record", ABOUT, Layout(shard_bytes=70_000))
    names = sorted(path.name for path in (tmp_path / "record").glob("qcd-*.h5"))
    assert len(names) > 1
    folders = [
        fetched(archive, tmp_path / "record", tmp_path / name, files=(name,)) for name in names
    ]

    def of(folder):
        return read_manifest(folder / "dataset.json")["processes"]["qcd"]

    first, *others = folders
    assert sum(of(folder)["sum_of_weights"] for folder in folders) == 30
    halves = split(first, "2", tmp_path / "halves")
    assert [of(half)["sum_of_weights"] for half in halves] == [of(first)["sum_of_weights"]] * 2
    merge([*others, *halves], tmp_path / "again")
    assert of(tmp_path / "again")["sum_of_weights"] == 30
    assert len(of(tmp_path / "again")["parts"]) == len(folders)
    cut = []
    for i, folder in enumerate([*others, *halves]):
        select(folder, Choice(where_initiator="pt > 500"), tmp_path / f"cut{i}")
        cut.append(tmp_path / f"cut{i}")
    merge(cut, tmp_path / "of-cut")
    assert of(tmp_path / "of-cut")["sum_of_weights"] == 30
    # With rows that were never downloaded the generation is the whole one, and counts once.
    apart = split(whole, "2", tmp_path / "apart")
    for i, half in enumerate(apart):
        select(half, Choice(views=["nominal"]), tmp_path / f"one{i}")
    merge([tmp_path / "one0", tmp_path / "one1"], tmp_path / "one")
    assert (of(tmp_path / "one")["sum_of_weights"], "parts" in of(tmp_path / "one")) == (30, False)
    accepted(tmp_path / "again")
    accepted(tmp_path / "of-cut")


def test_downloaded_parts_are_one_generation_again(whole, archive, tmp_path):
    publish(whole, tmp_path / "record", ABOUT, Layout(shard_bytes=70_000))
    names = sorted(path.name for path in (tmp_path / "record").glob("qcd-*.h5"))
    folders = [
        fetched(archive, tmp_path / "record", tmp_path / name, files=(name,)) for name in names
    ]
    merge(folders, tmp_path / "again")
    accepted(tmp_path / "again")
    expected = read_manifest(whole / "dataset.json")["processes"]["qcd"]
    found = read_manifest(tmp_path / "again" / "dataset.json")["processes"]["qcd"]
    assert len(found.pop("parts")) == len(folders)
    assert found == expected
