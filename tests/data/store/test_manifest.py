import hashlib
import json
import shutil

import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from rs3l_data.events.hard_events import HardRun
from rs3l_data.store.digest import digest
from rs3l_data.store.manifest import damaged_files, read_manifest
from rs3l_data.store.summary import build_manifest, combine
from tests.synthetic import make_dataset


def test_counts_are_those_of_the_rows(dataset):
    manifest, columns = dataset.manifest, dataset.initiators
    assert manifest["processes"]["higgs"]["n_events"] == 30
    assert manifest["processes"]["qcd"]["n_rows"] == 60
    for number, name in enumerate(["train", "validation", "test"]):
        inside = columns["split"] == number
        pairs = set(zip(columns["process"][inside], columns["event"][inside], strict=True))
        assert manifest["splits"][name] == {"n_rows": inside.sum(), "n_events": len(pairs)}
    for label, name in enumerate(dataset.labels):
        for view in dataset.views:
            there = dataset.jets(view)["present"] & (columns["label"] == label)
            assert manifest["labels"][name]["present"][view] == there.sum()
    assert manifest["digest"] == digest(dataset)
    assert manifest["config"] == dataset.config


def test_files_can_be_verified_with_other_tools(folder):
    files = json.loads((folder / "dataset.json").read_text())["files"]
    assert [entry["path"] for entry in files] == [f"shard-000{i}.h5" for i in range(3)]
    for entry in files:
        content = (folder / entry["path"]).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["md5"] == hashlib.md5(content).hexdigest()
    assert sum(entry["n_rows"] for entry in files) == 90
    assert sum(entry["n_events"]["qcd"] for entry in files) == 30


def test_damage_is_found_and_named(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "ds")
    manifest = read_manifest(copy / "dataset.json")
    assert damaged_files(copy, manifest) == []
    content = bytearray((copy / "shard-0000.h5").read_bytes())
    content[1000] ^= 1
    (copy / "shard-0000.h5").write_bytes(content)
    (copy / "shard-0001.h5").write_bytes(content[:-1])
    (copy / "shard-0002.h5").unlink()
    faults = damaged_files(copy, manifest)
    assert len(faults) == 3
    for number, what in enumerate(["SHA256", "bytes, expected", "no such file"]):
        assert f"shard-000{number}.h5: " in faults[number]
        assert what in faults[number]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        *(
            ({"path": path}, "path that stays within the folder")
            for path in ("../x.h5", "/x.h5", "a/../../x.h5", "a//x.h5", "C:x.h5", "a\\x.h5", "")
        ),
        ({"path": "ä" * 130}, "a name of more than 255 bytes"),
        ({"path": "SHARD-0001.h5"}, "'shard-0001.h5' is listed 2 times"),
        ({"shard": "x.h5"}, "`shard` and `views` go together"),
        ({"shard": "../x.h5", "views": ["seed"]}, "path that stays within the folder"),
    ],
)
def test_files_that_a_manifest_may_not_name(folder, tmp_path, entry, fault):
    """It may come from a server, and go to a system on which other names are the same."""
    manifest = json.loads((folder / "dataset.json").read_text())
    manifest["files"][0] |= entry
    (tmp_path / "dataset.json").write_text(json.dumps(manifest))
    with pytest.raises(InputFileError, match=fault):
        read_manifest(tmp_path / "dataset.json")


def test_same_dataset_gives_the_same_manifest(folder, tmp_path):
    again = make_dataset(tmp_path / "again", n_events=30, n_shards=3)
    assert (again / "dataset.json").read_bytes() == (folder / "dataset.json").read_bytes()
    other = make_dataset(tmp_path / "other", n_events=30, n_shards=1)
    assert read_manifest(other / "dataset.json")["digest"] == digest(rs3l_data.open(folder))


def run(cross_section, error, n_tried, process="higgs"):
    n_accepted = int(np.sqrt(n_tried))
    return HardRun(process, 1, cross_section, error, n_tried, n_accepted, n_accepted / 2)


def test_chunks_combine_as_one_long_run_would():
    """Chunks of a Monte Carlo integral, against the integral over all their points."""
    rng = np.random.default_rng(5)
    chunks = [rng.exponential(2e-9, n) for n in (1000, 3000, 500)]

    def integral(points):
        return run(points.mean(), points.std() / np.sqrt(len(points)), len(points))

    together, whole = combine([integral(c) for c in chunks]), integral(np.concatenate(chunks))
    assert together["cross_section_pb"] == pytest.approx(whole.cross_section_mb * 1e9, rel=1e-12)
    assert together["cross_section_error_pb"] == pytest.approx(
        whole.cross_section_error_mb * 1e9, rel=0.01
    )
    assert together["n_tried"] == 4500
    assert together["n_accepted"] == 31 + 54 + 22
    assert together["sum_of_weights"] == 53.5


def test_units_of_the_cross_section():
    assert combine([run(1e-9, 1e-10, 10)])["cross_section_pb"] == pytest.approx(1)


def test_equal_chunks_reduce_the_error_by_the_square_root():
    one, four = combine([run(1, 0.1, 100)]), combine([run(1, 0.1, 100)] * 4)
    assert four["cross_section_pb"] == pytest.approx(one["cross_section_pb"])
    assert four["cross_section_error_pb"] == pytest.approx(one["cross_section_error_pb"] / 2)


def test_nothing_tried_is_no_cross_section():
    with pytest.raises(ValueError, match="no run"):
        combine([run(0, 0, 0)])


def test_rows_without_a_cross_section_are_refused(dataset, folder):
    with pytest.raises(InputFileError, match="rows of the process 'qcd', but no file"):
        build_manifest(dataset, folder, [run(1, 0.1, 10)], {})


@pytest.mark.parametrize(
    ("pileup", "view", "cited"),
    [({"mean": 30}, {}, True), ({}, {"pileup": {"mean": 30}}, True), ({"mean": 0}, {}, False)],
)
def test_the_paper_of_puppi_is_cited_where_there_is_pileup(tmp_path, pileup, view, cited):
    config = {"pileup": pileup, "views": {"nominal": {}, "seed": view}}
    folder = make_dataset(tmp_path / "ds", n_events=5, config=config)
    papers = json.loads((folder / "dataset.json").read_text())["citation"]
    assert ("1407.6013" in [paper.get("arxiv") for paper in papers]) == cited
