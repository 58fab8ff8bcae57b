"""Datasets from datasets: the same content where it should be, and true metadata."""

import json
import shutil

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.describe.schema import Status
from rs3l_data.errors import ConfigError, StorageError
from rs3l_data.integrity.validate import validate
from rs3l_data.reshape.merge import merge
from rs3l_data.reshape.select import Choice, select
from rs3l_data.reshape.split import split
from rs3l_data.store.checksums import checksum
from rs3l_data.store.digest import digest
from tests.data.reshape.conftest import manifest_of, refused
from tests.synthetic import make_dataset, make_grown, make_older, refresh


@pytest.mark.parametrize(("by", "order"), [("process", -1), ("split", 1), ("3", -1)])
def test_a_merged_split_is_the_whole(whole, tmp_path, by, order):
    parts = split(whole, by, tmp_path / "parts")[::order]
    merge(parts, tmp_path / "again")
    again, before = manifest_of(tmp_path / "again"), manifest_of(whole)
    assert validate(tmp_path / "again").valid
    for key in ("digest", "n_rows", "n_events", "views", "splits", "labels", "citation"):
        assert again[key] == before[key], key
    assert again["processes"] == before["processes"], "the generation is not counted twice"
    assert again["config"] == before["config"]


def test_parts_are_sound_share_no_event_and_say_where_they_are_from(whole, tmp_path):
    folders = split(whole, "3", tmp_path / "parts")
    seen = []
    for folder in folders:
        assert validate(folder).valid
        part = rs3l_data.open(folder)
        seen += [
            (p, int(e))
            for p, e in zip(*(part.initiators[name] for name in ("process", "event")), strict=True)
        ]
        assert {p for p, _ in seen} == {0, 1}, "each part has its share of every process"
        (step,) = part.manifest["history"]
        assert step["operation"] == "split"
        assert step["sources"] == [{"digest": manifest_of(whole)["digest"], "n_rows": 60}]
        assert part.shards[0].attributes["history"] == part.manifest["history"]
    events = rs3l_data.open(whole).event_keys
    assert len(set(seen)) == len(np.unique(events))


def test_split_by_process_names_only_its_own(whole, tmp_path):
    split(whole, "process", tmp_path / "parts")
    part = rs3l_data.open(tmp_path / "parts" / "qcd")
    assert (part.processes, part.labels, len(part)) == (("qcd",), ("qcd",), 40)
    assert manifest_of(tmp_path / "parts" / "qcd")["processes"].keys() == {"qcd"}


def test_select_gives_what_the_reader_selects(whole, dataset, tmp_path):
    choice = Choice(labels=["higgs"], splits=["train", "test"], views=["seed"])
    select(whole, choice, tmp_path / "some")
    some = rs3l_data.open(tmp_path / "some")
    expected = dataset.select(labels="higgs", splits=["train", "test"], views=["seed"])
    assert digest(some) == digest(expected)
    assert some.views == ("seed",)
    assert some.labels == ("higgs",)
    assert validate(tmp_path / "some").valid
    arguments = some.manifest["history"][0]["arguments"]
    assert arguments == {"labels": ["higgs"], "splits": ["train", "test"], "views": ["seed"]}


def test_a_cut_on_jets_marks_them_absent_in_their_view_and_keeps_the_rows(whole, dataset, tmp_path):
    select(whole, Choice(where="pt > 450 and abs(eta) < 1.5"), tmp_path / "cut")
    cut = rs3l_data.open(tmp_path / "cut")
    assert validate(tmp_path / "cut").valid
    assert np.array_equal(cut.event_keys, dataset.event_keys)
    for view in dataset.views:
        old, new = dataset.jets(view), cut.jets(view)
        passes = old["present"] & (old["pt"] > 450) & (np.abs(old["eta"]) < 1.5)
        assert 0 < passes.sum() < old["present"].sum()
        assert np.array_equal(new["present"], passes)
        gone = old["present"] & ~passes
        assert set(new["status"][gone]) == {Status.FAILED_CUT}
        assert np.array_equal(new["status"][~old["present"]], old["status"][~old["present"]])
        assert np.isnan(new["mass"][gone]).all()
        assert np.array_equal(new["initiator_pt"], old["initiator_pt"], equal_nan=True)
        offsets, items = dataset.constituents(view)
        kept = np.concatenate(
            [items["pt"][offsets[i] : offsets[i + 1]] for i in np.flatnonzero(passes)]
        )
        assert np.array_equal(cut.constituents(view)[1]["pt"], kept)


def test_a_cut_on_initiators_drops_rows_of_all_views(whole, dataset, tmp_path):
    select(whole, Choice(where_initiator="pt > 450 and pdg_id != 25"), tmp_path / "cut")
    cut = rs3l_data.open(tmp_path / "cut")
    mask = (dataset.initiators["pt"] > 450) & (dataset.initiators["pdg_id"] != 25)
    assert digest(cut) == digest(dataset[mask])
    assert manifest_of(tmp_path / "cut")["processes"]["qcd"]["n_tried"] == 40


def test_steps_add_up_in_the_history(whole, tmp_path):
    select(whole, Choice(splits=["train"]), tmp_path / "a")
    select(tmp_path / "a", Choice(where="pt > 450"), tmp_path / "b")
    first, second = manifest_of(tmp_path / "b")["history"]
    assert first["arguments"] == {"splits": ["train"]}
    assert second["sources"][0]["digest"] == manifest_of(tmp_path / "a")["digest"]


def test_weights_and_older_format_versions_are_kept(whole, tmp_path):
    """Shards of 1.0 with further weights, as files of other programs and versions have them."""
    old = shutil.copytree(whole, tmp_path / "old")
    manifest = manifest_of(old)
    for entry in manifest["files"]:
        make_older(old / entry["path"], "1.0")
        with h5py.File(old / entry["path"], "a") as file:
            group = file.create_group("weights")
            group.attrs["names"], group.attrs["meanings"] = '["up", "down"]', '["x", "y"]'
            group["values"] = np.arange(2.0 * entry["n_rows"]).reshape(-1, 2)
        entry["bytes"] = (old / entry["path"]).stat().st_size
        for algorithm in ("sha256", "md5"):
            entry[algorithm] = checksum(old / entry["path"], algorithm)
    manifest["format_version"] = "1.0"
    manifest["digest"] = digest(rs3l_data.open([old / e["path"] for e in manifest["files"]]))
    (old / "dataset.json").write_text(json.dumps(manifest))
    merge(split(old, "2", tmp_path / "parts"), tmp_path / "again")
    again = manifest_of(tmp_path / "again")
    assert (again["digest"], again["format_version"]) == (manifest["digest"], "1.0")
    assert validate(tmp_path / "again").valid
    assert rs3l_data.open(tmp_path / "again").weight_meanings == {"up": "x", "down": "y"}


def test_what_is_made_of_a_dataset_that_has_grown_has_the_config_of_its_manifest(tmp_path):
    """Its first shards have an older one, in which other processes may be otherwise."""
    grown = make_grown(tmp_path / "grown")
    assert validate(grown).valid
    select(grown, Choice(), tmp_path / "all")
    select(grown, Choice(labels=["qcd"]), tmp_path / "qcd")
    halves = split(grown, "2", tmp_path / "halves")
    parts = split(grown, "process", tmp_path / "parts")
    merge(halves, tmp_path / "merged")
    made = [tmp_path / name for name in ("all", "qcd", "merged")]
    for folder in (*made, *halves, *parts):
        assert manifest_of(folder)["config"] == manifest_of(grown)["config"]
        assert validate(folder).valid, folder


def test_an_empty_part_and_an_empty_choice_are_told(tmp_path, caplog):
    one = make_dataset(tmp_path / "one", n_events=3, n_shards=1, processes=("higgs",))
    select(one, Choice(where_initiator="event != 1"), tmp_path / "even")
    assert [path.name for path in split(tmp_path / "even", "2", tmp_path / "parts")] == ["part-0"]
    assert "part-1: no row belongs there" in caplog.text
    select(one, Choice(where="pt > 1e9"), tmp_path / "none")
    assert "none: no jet is left in any view" in caplog.text


def test_a_manifest_that_was_cut_is_refused(whole, tmp_path):
    cut = shutil.copytree(whole, tmp_path / "cut")
    manifest = manifest_of(cut)
    (cut / "dataset.json").write_text(json.dumps({**manifest, "files": manifest["files"][:1]}))
    with refused(r"dataset\.json: the n_rows of `files` add up to \d+, but n_rows is \d+"):
        select(cut, Choice(), tmp_path / "new")


def test_wrong_use(whole, tmp_path):
    to = tmp_path / "new"
    with refused("a file, expected a dataset's folder"):
        select(whole / "shard-0000.h5", Choice(), to)
    with refused("no label 'higs'; did you mean 'higgs'"):
        select(whole, Choice(labels=["higs"]), to)
    with refused("no row fulfils all conditions"):
        select(whole, Choice(where_initiator="pt > 1e6"), to)
    with refused("no column 'softdrop'", ConfigError):
        select(whole, Choice(where="softdrop < 1"), to)
    with refused("no column 'label'", ConfigError):
        select(whole, Choice(where_initiator="label == 1"), to)
    with refused("expected 'process', 'split' or a number", ConfigError):
        split(whole, "events", to)
    assert [*tmp_path.iterdir()] == []
    to.mkdir()
    (to / "mine").touch()
    with refused("there is something already", StorageError):
        split(whole, "2", to)


def test_a_source_of_a_later_format_is_refused(whole, tmp_path):
    """It would lose the columns that are not known here, and still say its version."""
    later = shutil.copytree(whole, tmp_path / "later")
    for path in later.glob("*.h5"):
        with h5py.File(path, "a") as file:
            file.attrs["format_version"] = "1.99"
    refresh(later)
    with refused(r"shard-0000\.h5: format version 1\.99, of which columns would be lost"):
        split(later, "2", tmp_path / "parts")


def test_a_damaged_source_is_refused(whole, tmp_path):
    copy = shutil.copytree(whole, tmp_path / "copy")
    path = copy / "shard-0001.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with refused(r"shard-0001\.h5: SHA256 .*\nfetch"):
        select(copy, Choice(), tmp_path / "new")


@pytest.fixture
def nested(whole, tmp_path):
    """The same dataset, with shards that share a name in two folders."""
    manifest = manifest_of(whole)
    for entry, name in zip(manifest["files"], ("a/x.h5", "b/x.h5"), strict=True):
        path = tmp_path / "nested" / name
        path.parent.mkdir(parents=True)
        shutil.copyfile(whole / entry["path"], path)
        entry["path"] = name
    (tmp_path / "nested" / "dataset.json").write_text(json.dumps(manifest))
    return tmp_path / "nested"


def test_shards_of_one_name_in_two_folders_stay_two(nested, tmp_path):
    assert validate(nested).valid
    select(nested, Choice(), tmp_path / "selected")
    (part,) = split(nested, "1", tmp_path / "parts")
    merge(split(nested, "2", tmp_path / "halves"), tmp_path / "merged")
    for folder, n_shards in ((tmp_path / "selected", 2), (part, 2), (tmp_path / "merged", 4)):
        assert validate(folder).valid
        assert manifest_of(folder)["digest"] == manifest_of(nested)["digest"]
        assert len([*folder.glob("x*.h5")]) == n_shards


@pytest.mark.parametrize("by", ["0", "0000100", "10001", "٣", "1.0", "-2"])
def test_what_is_no_number_of_parts(whole, tmp_path, by):
    with refused(f"--by {by}: expected 'process', 'split' or a number", ConfigError):
        split(whole, by, tmp_path / "parts")
    assert [*tmp_path.iterdir()] == []


def test_more_parts_than_events_are_refused_before_anything_is_written(whole, tmp_path):
    """Which would take minutes for each thousand of empty ones."""
    with refused("--by 21: .* at most 20 hard events of a process", ConfigError):
        split(whole, "21", tmp_path / "parts")
    assert [*tmp_path.iterdir()] == []
    assert len(split(whole, "20", tmp_path / "parts")) == 20


def test_a_number_of_parts_may_begin_with_a_zero(whole, tmp_path):
    assert [path.name for path in split(whole, "03", tmp_path / "parts")] == [
        "part-0",
        "part-1",
        "part-2",
    ]
