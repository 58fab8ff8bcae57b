import json
import re
import subprocess

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import ConfigError, InputFileError, StorageError
from rs3l_data.integrity.validate import validate as check_all
from rs3l_data.record.layout import Layout
from rs3l_data.record.plan import MOST_BYTES, n_shards
from rs3l_data.record.publish import describe_again, publish
from rs3l_data.record.repack import repack
from rs3l_data.store.digest import digest
from rs3l_data.store.manifest import damaged_files, read_manifest
from rs3l_data.store.shard import ROW_SUM
from tests.data.record.about import ABOUT
from tests.data.store.random_tables import assert_same_view
from tests.synthetic import make_dataset, make_grown, refresh


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("layout", [Layout(), Layout(shard_bytes=50_000)])
def test_every_row_of_every_view_is_in_the_record(folder, tmp_path, layout):
    whole = rs3l_data.open(folder)
    publish(folder, tmp_path / "record", ABOUT, layout)
    record = rs3l_data.open(tmp_path / "record")
    assert digest(record) == digest(whole)
    for process in whole.processes:
        ours, theirs = (ds.select(processes=process) for ds in (whole, record))
        for view in whole.views:
            assert_same_view(ours.read_view(view), theirs.read_view(view))
    manifest = read_manifest(tmp_path / "record" / "dataset.json")
    assert damaged_files(tmp_path / "record", manifest) == []
    before = read_manifest(folder / "dataset.json")
    assert "part_of" not in manifest
    for entry in set(before) - {"files"}:
        assert manifest[entry] == before[entry], entry


def test_shards_have_one_process_about_one_size_and_whole_events(folder, tmp_path):
    made = publish(folder, tmp_path / "record", ABOUT, Layout(shard_bytes=50_000))
    rows = {}
    for file in made["files"]:
        shard = rs3l_data.open(tmp_path / "record" / file["path"])
        (index,) = np.unique(shard.initiators["process"])
        process = shard.processes[index]
        assert file["path"].startswith(f"{process}-")
        for event in np.unique(shard.initiators["event"]):
            assert (process, event) not in rows
            rows[process, event] = True
        of_process = [f["n_rows"] for f in made["files"] if f["n_events"][process]]
        assert len(of_process) > 1
        assert abs(file["n_rows"] - np.mean(of_process)) <= 2
    assert len(rows) == 60


def test_shards_that_are_cut_anew_keep_what_those_of_their_rows_say(tmp_path):
    """The first shard of a dataset that has grown has another process, and an older config."""
    grown = make_grown(tmp_path / "ds")
    publish(grown, tmp_path / "record", ABOUT, Layout(shard_bytes=10**9))
    assert check_all(tmp_path / "record").valid
    config = read_manifest(grown / "dataset.json")["config"]
    shards = rs3l_data.open(tmp_path / "record").shards
    assert [shard.attributes["config"] for shard in shards] == [config] * 2
    assert [shard.attributes["software"]["synthetic"] for shard in shards] == ["old", "new"]


def test_rows_with_other_further_weights_get_shards_of_their_own(tmp_path):
    """As chunks of two files of events may have; in one shard, some would have none of a name.

    Or one of another meaning.
    """
    source = make_dataset(tmp_path / "ds", n_events=10, processes=["qcd"], n_shards=4)
    kinds = ({"up": "2", "down": "½"}, {"down": "½", "up": "2"}, {"up": "2"}, {"up": "4"})
    for number, names in enumerate(kinds):
        with h5py.File(source / f"shard-{number:04d}.h5", "a") as file:
            group = file.create_group("weights")
            group.attrs["names"] = json.dumps([*names])
            group.attrs["meanings"] = json.dumps([*names.values()])
            rows = len(file["initiators/event"])
            group["values"] = np.arange(100.0 * number, 100 * number + rows * len(names)).reshape(
                -1, len(names)
            )
            for view in file["views"].values():
                del view.attrs[ROW_SUM]
    refresh(source)
    whole = rs3l_data.open(source)
    manifest = {**whole.manifest, "digest": digest(whole)}
    (source / "dataset.json").write_text(json.dumps(manifest))
    assert check_all(source).valid
    publish(source, tmp_path / "record", ABOUT, Layout(shard_bytes=10**9))
    record = rs3l_data.open(tmp_path / "record")
    assert check_all(tmp_path / "record").valid
    assert [shard.n_rows for shard in record.shards] == [10, 4, 6]
    told = [part.weight_meanings for part in record.by_shard()]
    assert told == [{"up": "2", "down": "½"}, {"up": "2"}, {"up": "4"}]
    assert record.weight_meanings == {"up": "2; or 4", "down": "½"}
    for name in ("up", "down"):
        assert np.array_equal(record.weights[name], whole.weights[name], equal_nan=True)


def test_files_that_suit_are_copied_as_they_are(tmp_path):
    source = make_dataset(tmp_path / "ds", n_events=10, processes=["qcd"])
    publish(source, tmp_path / "record", ABOUT, Layout())
    for name in names(source):
        assert (tmp_path / "record" / name).read_bytes() == (source / name).read_bytes()


def test_other_tools_verify_the_files(folder, tmp_path):
    publish(folder, tmp_path / "record", ABOUT, Layout(by_view=True))
    for tool in ("sha256sum", "md5sum"):
        command = [tool, "--strict", "-c", f"{tool}s.txt"]
        done = subprocess.run(command, cwd=tmp_path / "record", capture_output=True, check=False)
        assert done.returncode == 0, done
        checked = {line.split(":")[0] for line in done.stdout.decode().splitlines()}
        there = {name for name in names(tmp_path / "record") if not name.startswith(".")}
        assert checked == there - {"sha256sums.txt", "md5sums.txt"}


def test_a_record_of_a_part_can_be_described_again(folder, tmp_path):
    """As after an upload that failed: the part's manifest says what it is a part of."""
    publish(folder, tmp_path / "part", ABOUT, Layout(processes=("qcd",)))
    publish(tmp_path / "part", tmp_path / "record", ABOUT, Layout())
    describe_again(tmp_path / "part", tmp_path / "record", ABOUT, Layout())
    other = make_dataset(tmp_path / "other", n_events=5)
    with pytest.raises(InputFileError, match="a record, but not of"):
        describe_again(other, tmp_path / "record", ABOUT, Layout())


def test_a_part_of_a_dataset_says_so(folder, tmp_path):
    layout = Layout(processes=("higgs",), views=("seed",))
    made = publish(folder, tmp_path / "record", ABOUT, layout)
    record = rs3l_data.open(tmp_path / "record")
    assert record.views == ("seed",)
    assert [*made["processes"]] == ["higgs"]
    assert made["part_of"]["digest"] == digest(rs3l_data.open(folder)) != made["digest"]
    assert made["digest"] == digest(record)


def test_a_damaged_dataset_is_not_published(tmp_path):
    source = make_dataset(tmp_path / "ds", n_events=5)
    with (source / "shard-0001.h5").open("r+b") as file:
        file.write(b"x")
    with pytest.raises(InputFileError, match=r"not as its manifest says:\n.*shard-0001\.h5: SHA"):
        publish(source, tmp_path / "record", ABOUT, Layout())
    assert not (tmp_path / "record").exists()


@pytest.mark.parametrize(
    ("processes", "fault"),
    [
        (("qcd", "pp:h"), "a file 'pp:h-0000.*': it holds the character ':'"),
        (("hbb", "HBB"), "the files 'hbb-0000.*' and 'HBB-0000.*', which are one file where"),
    ],
)
@pytest.mark.parametrize("by_view", [False, True])
def test_a_record_that_none_could_fetch_is_not_made(tmp_path, processes, fault, by_view):
    source = make_dataset(tmp_path / "ds", n_events=5, processes=processes)
    layout = Layout(shard_bytes=10**9, by_view=by_view)
    with pytest.raises(InputFileError, match=f"the record would have {fault}"):
        publish(source, tmp_path / "record", ABOUT, layout)
    assert names(tmp_path) == ["ds"]


@pytest.mark.parametrize("layout", [Layout(), Layout(shard_bytes=50_000), Layout(by_view=True)])
def test_rows_that_were_lost_on_the_way_are_noticed(folder, tmp_path, monkeypatch, layout):
    """Their record would pass for a part of the dataset."""

    def forgetful(dataset, *arguments):
        return repack(dataset[:-1], *arguments)

    monkeypatch.setattr("rs3l_data.record.publish.repack", forgetful)
    with pytest.raises(StorageError, match="the rows are not those of the dataset"):
        publish(folder, tmp_path / "record", ABOUT, layout)
    assert names(tmp_path) == []


def test_a_copy_that_is_damaged_is_noticed(tmp_path, monkeypatch):
    """Before it is sent: a release cannot be undone."""
    source = make_dataset(tmp_path / "ds", n_events=5, processes=["qcd"])

    def careless(one, other):
        other.write_bytes(one.read_bytes()[::-1])

    monkeypatch.setattr("rs3l_data.record.publish.shutil.copyfile", careless)
    with pytest.raises(StorageError, match=r"copied, but not as they were:\n.*record/shard-0000"):
        publish(source, tmp_path / "record", ABOUT, Layout())
    assert names(tmp_path) == ["ds"]


def test_a_folder_with_something_in_it_is_left_alone(folder, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(StorageError, match="there is something already"):
        publish(folder, tmp_path, ABOUT, Layout())
    assert names(tmp_path) == ["mine"]


def test_a_fault_leaves_nothing(folder, tmp_path, monkeypatch):
    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("rs3l_data.record.publish._describe", broken)
    with pytest.raises(KeyboardInterrupt):
        publish(folder, tmp_path / "record", ABOUT, Layout())
    assert names(tmp_path) == []


@pytest.mark.parametrize("total", [10**6, 10**9, 40 * 10**9, MOST_BYTES])
@pytest.mark.parametrize("views", [1, 6])
def test_a_record_never_has_too_many_files(total, views):
    sizes = {f"p{i}": total // 10 for i in range(10)}
    pieces = n_shards(sizes, None, views)
    assert pieces.keys() == sizes.keys()
    assert sum(pieces.values()) * views + 5 <= 100
    if total <= 10**9:
        assert all(n == 1 for n in pieces.values())


def test_sizes_that_no_record_can_hold():
    with pytest.raises(ConfigError, match=r"60\.0 GB, and a record holds 50 GB"):
        n_shards({"a": 60 * 10**9}, None)
    with pytest.raises(
        ConfigError, match=r"make 1000 files.* give `--shard-size (\d+)MB`"
    ) as caught:
        n_shards({"a": 10**10}, 10**7)
    advice = int(re.search(r"size (\d+)MB", str(caught.value))[1])
    assert n_shards({"a": 10**10}, advice * 10**6)["a"] <= 95
    assert 100 <= advice < 120
    with pytest.raises(ConfigError, match="choose fewer"):
        n_shards({f"p{i}": 1 for i in range(20)}, None, 5)
